/* sim.c: alertbridge sim: both backends' simulators on one address, until SIGTERM. */
#include "bridge/cmd/cmd.h"
#include "bridge/io/clock.h"
#include "bridge/sim/sim.h"
#include "bridge/sim/sim_server.h"

#include <errno.h>
#include <event2/event.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORDS_MAX = 64, LINE_BYTES = 128 * 1024, HELP_BYTES = 32 * 1024 };

/* A repeated option's values. */
struct words {
    const char *at[WORDS_MAX];
    unsigned n;
};

struct sim_command {
    const char *listen, *control, *ledger;
    uint64_t seed;
    struct words access_keys, app_keys, orgs, playbooks, faults, sets;
};

enum { OPTION_LISTEN = 1000, OPTION_CONTROL, OPTION_ACCESS_KEY, OPTION_APP_KEY, OPTION_ORG, OPTION_PLAYBOOK, OPTION_FAULT,
       OPTION_SET, OPTION_SEED, OPTION_LEDGER, OPTION_HELP };

static const struct option options[] = {
    { "listen", required_argument, NULL, OPTION_LISTEN },         { "control", required_argument, NULL, OPTION_CONTROL },
    { "access-key", required_argument, NULL, OPTION_ACCESS_KEY }, { "app-key", required_argument, NULL, OPTION_APP_KEY },
    { "org", required_argument, NULL, OPTION_ORG },               { "playbook", required_argument, NULL, OPTION_PLAYBOOK },
    { "fault", required_argument, NULL, OPTION_FAULT },           { "set", required_argument, NULL, OPTION_SET },
    { "seed", required_argument, NULL, OPTION_SEED },             { "ledger", required_argument, NULL, OPTION_LEDGER },
    { "help", no_argument, NULL, OPTION_HELP },                   { 0 },
};

static void
print_help(void)
{
    static const char usage[] =
        "Usage: alertbridge sim --listen ADDR [options]\n\n"
        "Serves both backends at ADDR (port 0 takes a free one): SOAR with STS and metadata, the portal with its token\n"
        "service. Prints one line {\"listen\":..,\"control\":..} when it is ready.\n\n"
        "  --control ADDR               GET /ledger /stats /faults /knobs /livez, POST /faults /knobs /reset\n"
        "  --access-key ID:SECRET[:TOKEN]  a key of SOAR, with a security token for a temporary one (testid:testsecret)\n"
        "  --app-key KEY:SECRET         a key of the portal (testkey:testsecret)\n"
        "  --org ID                     an organization of the portal (any)\n"
        "  --playbook UUID              a playbook; -UUID is known and disabled (any)\n"
        "  --fault KIND[:NAME=VALUE,..] plays a fault, see below\n"
        "  --set KNOB=VALUE             settles what the vendors do not document, see below\n"
        "  --seed N                     of faults, tokens and request ids (1)\n"
        "  --ledger FILE                appends each execution as a JSON line\n\n";
    char *memory = malloc(HELP_BYTES);
    struct buf out;
    if (!memory)
        return;
    buf_init(&out, memory, HELP_BYTES);
    buf_text(&out, "Faults (p=0.1, count=N, seed=N, api=soar|notice|token|sts, after=, for=, gap= ms with each):\n");
    faults_help(&out);
    buf_text(&out, "\nKnobs:\n");
    knobs_help(&out);
    printf("%s%s", usage, buf_cstr(&out));
    free(memory);
}

static bool
add_word(struct words *words, const char *word)
{
    if (words->n == WORDS_MAX)
        return false;
    words->at[words->n++] = word;
    return true;
}

static bool
read_seed(const char *text, uint64_t *seed)
{
    char *end = NULL;
    errno = 0;
    *seed = strtoull(text, &end, 10);
    return end != text && !*end && errno == 0 && text[0] != '-';
}

/* False: not understood, or one too many. */
static bool
take_option(struct sim_command *command, int option)
{
    switch (option) {
    case OPTION_LISTEN:
        command->listen = optarg;
        return true;
    case OPTION_CONTROL:
        command->control = optarg;
        return true;
    case OPTION_LEDGER:
        command->ledger = optarg;
        return true;
    case OPTION_SEED:
        return read_seed(optarg, &command->seed);
    case OPTION_ACCESS_KEY:
        return add_word(&command->access_keys, optarg);
    case OPTION_APP_KEY:
        return add_word(&command->app_keys, optarg);
    case OPTION_ORG:
        return add_word(&command->orgs, optarg);
    case OPTION_PLAYBOOK:
        return add_word(&command->playbooks, optarg);
    case OPTION_FAULT:
        return add_word(&command->faults, optarg);
    case OPTION_SET:
        return add_word(&command->sets, optarg);
    default:
        return false;
    }
}

/* EXIT_DONE = go on; -1 = help was asked for. */
static int
read_command(struct cmd_context *context, struct sim_command *command)
{
    int option;
    optind = 0;
    while ((option = getopt_long(context->argc, context->argv, "+", options, NULL)) != -1) {
        if (option == OPTION_HELP) {
            print_help();
            return -1;
        }
        if (!take_option(command, option)) {
            if (option != '?')
                fprintf(stderr, "alertbridge sim: an option's value is not understood, or is given too often\n");
            return EXIT_USAGE;
        }
    }
    if (optind < context->argc) {
        fprintf(stderr, "alertbridge sim: unexpected \"%s\"\n", context->argv[optind]);
        return EXIT_USAGE;
    }
    if (!command->listen) {
        fprintf(stderr, "alertbridge sim: --listen ADDR is missing, as in --listen 127.0.0.1:0\n");
        return EXIT_USAGE;
    }
    return EXIT_DONE;
}

/* The context's --set come first: both lists are the user's. */
static bool
apply_settings(struct sim *sim, const struct cmd_context *context, const struct sim_command *command, char *error, size_t size)
{
    for (unsigned i = 0; i < context->n_sets; i++)
        if (!knobs_set_pair(sim_knobs(sim), context->sets[i], error, size))
            return false;
    for (unsigned i = 0; i < command->sets.n; i++)
        if (!knobs_set_pair(sim_knobs(sim), command->sets.at[i], error, size))
            return false;
    ledger_limit(sim_ledger(sim), (uint64_t)knob_number(sim_knobs(sim), KNOB_ledger_max));
    int64_t now_ms = clock_wall_ms() + knob_number(sim_knobs(sim), KNOB_clock_offset);
    for (unsigned i = 0; i < command->faults.n; i++)
        if (!faults_add_text(sim_faults(sim), command->faults.at[i], now_ms, error, size))
            return false;
    return true;
}

static void
write_execution(void *owner, const struct execution *execution)
{
    static char memory[LINE_BYTES];
    struct execution shorter = *execution;
    struct buf line;
    buf_init(&line, memory, sizeof(memory));
    execution_json(execution, &line);
    if (line.overflow) {
        shorter.params = (struct slice){ 0 };
        buf_reset(&line);
        execution_json(&shorter, &line);
    }
    buf_char(&line, '\n');
    fwrite(line.at, 1, line.size, owner);
}

static void
print_summary(struct sim *sim)
{
    static const enum sim_api apis[] = { API_SOAR, API_NOTICE, API_TOKEN };
    const struct stats *stats = sim_stats(sim);
    fprintf(stderr, "alertbridge sim: %llu executions\n", (unsigned long long)ledger_count(sim_ledger(sim)));
    for (size_t i = 0; i < sizeof(apis) / sizeof(apis[0]); i++)
        fprintf(stderr, "  %-6s %llu requests, %llu executed, %llu unanswered, %llu ids, %llu repeated\n", sim_api_name(apis[i]),
                (unsigned long long)stats->requests[apis[i]], (unsigned long long)stats->executed[apis[i]],
                (unsigned long long)stats->unanswered[apis[i]], (unsigned long long)stats->distinct[apis[i]],
                (unsigned long long)stats->repeated[apis[i]]);
    for (uint32_t i = 0; i < sim_faults(sim)->n; i++) {
        const struct fault_rule *rule = &sim_faults(sim)->rules[i];
        fprintf(stderr, "  fault  %s fired %lld times\n", fault_kind_name(rule->kind), (long long)rule->fired);
    }
}

static void
on_signal(evutil_socket_t number, short what, void *base)
{
    (void)number, (void)what;
    event_base_loopbreak(base);
}

/* Serves until a signal; the line on stdout says that connections are taken. */
static int
serve(struct sim *sim, const struct sim_command *command)
{
    char error[256];
    struct event_base *base = event_base_new();
    if (!base)
        return EXIT_INTERNAL;
    struct sim_server *server = sim_server_new(base, sim, command->listen, command->control, error, sizeof(error));
    struct event *term = evsignal_new(base, SIGTERM, on_signal, base), *interrupt = evsignal_new(base, SIGINT, on_signal, base);
    int code = EXIT_DONE;
    if (!server) {
        fprintf(stderr, "alertbridge sim: %s\n", error);
        code = EXIT_UNAVAILABLE;
    } else {
        event_add(term, NULL);
        event_add(interrupt, NULL);
        printf("{\"listen\":\"%s\",\"control\":\"%s\"}\n", sim_server_address(server), sim_server_control(server));
        fflush(stdout);
        event_base_dispatch(base);
    }
    event_free(term);
    event_free(interrupt);
    sim_server_free(server);
    event_base_free(base);
    return code;
}

int
cmd_sim(struct cmd_context *context)
{
    struct sim_command command = { .seed = 1 };
    char error[4096];
    FILE *ledger = NULL;
    int code = read_command(context, &command);
    if (code)
        return code < 0 ? EXIT_DONE : code;
    struct sim_options made = { command.seed, command.access_keys.at, command.app_keys.at, command.orgs.at, command.playbooks.at,
                                command.access_keys.n, command.app_keys.n, command.orgs.n, command.playbooks.n };
    struct sim *sim = sim_new(&made, error, sizeof(error));
    code = EXIT_USAGE;
    if (!sim || !apply_settings(sim, context, &command, error, sizeof(error))) {
        fprintf(stderr, "alertbridge sim: %s\n", error);
        goto fail;
    }
    if (command.ledger) {
        ledger = fopen(command.ledger, "ae");
        if (!ledger) {
            fprintf(stderr, "alertbridge sim: %s: %s\n", command.ledger, strerror(errno));
            code = EXIT_IO;
            goto fail;
        }
        setvbuf(ledger, NULL, _IOLBF, LINE_BYTES);
        ledger_listen(sim_ledger(sim), write_execution, ledger);
    }
    signal(SIGPIPE, SIG_IGN);
    code = serve(sim, &command);
    print_summary(sim);
fail:
    if (ledger)
        fclose(ledger);
    sim_free(sim);
    return code;
}
