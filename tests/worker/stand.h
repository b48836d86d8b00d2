/* stand.h: a worker of which only what credentials need is there, its engine, and the simulators on the same loop. */
#ifndef TESTS_WORKER_STAND_H
#define TESTS_WORKER_STAND_H

#include "bridge/sim/sim.h"
#include "bridge/worker/parts.h"
#include "tests/support/servers.h"

struct stand {
    struct worker worker;
    struct config config;
    struct sim *sim;
    struct sim_server *server;
    uint32_t fetches;           /* times that the engine asked */
    char told[128];             /* what it made of the last answer, from its trace */
    struct temp_dir dir;
    char path[96], text[16][64];
    uint32_t n_texts;
    int log[2];
};
extern struct stand stand;

void stand_setup(void);
void stand_teardown(void);
void stand_knob(const char *pair);
void stand_fault(const char *spec);
void stand_variable(enum chain_variable, const char *format);   /* of the environment; %s = the simulator's address */
void stand_file(const char *text);                              /* at stand.path */
void stand_start(void);
void stand_serve(const char *listen);
void stand_hang_up(char address[64]);                           /* nobody listens any more; serve the address again later */

struct chain *chain(void);
void run_until_other(const char *than);     /* until the key in use is another, or patience ends */
void run_until_ended(uint32_t rounds);      /* until the engine has asked so often and has its answer */
bool told(const char *text);                /* what the engine made of the last answer */
const char *logged(void);                   /* all lines so far */
uint64_t asked(void);                       /* requests that reached STS, metadata service or credentials URI */

#endif
