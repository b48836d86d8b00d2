/* config_load.h: one load under way; shared by the config_*.c files. */
#ifndef BRIDGE_CONFIG_LOAD_H
#define BRIDGE_CONFIG_LOAD_H

#include "bridge/config.h"
#include "bridge/options.h"
#include "bridge/pool.h"
#include "bridge/yaml.h"

enum { PATH_BYTES_MAX = 512 };

struct load {
    const struct config_load *given;
    struct config *config;
    struct pool *pool;              /* the configuration's */
    struct pool *scratch;           /* the tree's; gone at the end of the load */
    struct node *root;
    struct config_report *report;
};

/* ---- problems (config_report.c). text: the fact; remedy: what to do, NULL = none. Both are copied. */

enum severity { SEVERITY_ERROR, SEVERITY_WARNING };

void load_problem_at(struct load *, enum severity, const struct place *, const char *path, const char *text, const char *remedy);
/* At the place of path, or of what holds it. */
void load_error(struct load *, const char *path, const char *text, const char *remedy);
void load_warning(struct load *, const char *path, const char *text, const char *remedy);
const char *load_quote(struct load *, const char *value);      /* "value", cut and without control characters */
const char *load_meant(struct load *, const char *best, const char *otherwise);              /* did you mean "best"? */
void config_report_sort(struct config_report *);

/* ---- paths such as targets[0].retry.max (config_path.c) */

struct path_walk {
    const char *rest;
    char pattern[PATH_BYTES_MAX];   /* "targets[].retry" */
    char key[PATH_BYTES_MAX];       /* of the step, "" for an index */
    uint32_t index;
};
void path_begin(struct path_walk *, const char *path);
bool path_step(struct path_walk *);                         /* false at the end, and when `rest` is not empty, on a broken path */

const struct node *load_find(const struct load *, const char *path);                        /* NULL = nothing stands there */
const struct node *load_nearest(const struct load *, const char *path);
bool path_kind(const char *key, int *kind);                 /* "incident.generated" and the like; the whole of key */

/* ---- the layers of input (config_layers.c, config_substitute.c) */

bool load_layers(struct load *);        /* false: no file could be read, nothing to go on with */
void load_substitute(struct load *);

/* ---- tree to struct (config_bind.c, config_value.c) */

void load_bind(struct load *);
void load_value(struct load *, const struct option *, char *base, size_t at, struct node *, const char *path);
/* One value on its way into a field. */
struct setting {
    struct load *load;
    const struct option *option;
    char *base, *field;
    struct node *node;
    const char *path;
};
void setting_error(const struct setting *, const char *text, const char *remedy);
void setting_wrong(const struct setting *);             /* "..." is not a duration such as ... */
void setting_locales(const struct setting *);
void setting_audience(const struct setting *);

void load_default(struct load *, const struct option *, char *base, size_t at, int target_kind);

/* ---- what no row can say (config_check*.c) */

void load_check(struct load *);
void load_check_routes(struct load *);
void load_check_target(struct load *, uint32_t target);
void load_check_endpoint(struct load *, uint32_t target);
void load_check_files(struct load *, uint32_t target);
void load_check_secret(struct load *, const char *path, const char *file);
void load_check_kafka(struct load *);
void load_check_later(struct load *);        /* options without effect in this release */
void load_check_redis(struct load *);
bool load_host_port(const char *text, bool port_required, const char **port);   /* host, host:port, [v6]:port */

#endif
