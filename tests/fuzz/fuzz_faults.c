/* fuzz_faults.c: the simulators' rules of faults, as text and as JSON, and their knobs. The first byte chooses. */
#include "bridge/sim/faults.h"
#include "bridge/sim/knobs.h"
#include "codecs/json.h"
#include "tests/fuzz/shared.h"

#include <stdlib.h>

static char memory[256 * 1024];

static void
faults_must_be_sound(struct faults *faults)
{
    struct buf out;
    check(faults->n <= FAULT_RULES_MAX);
    for (uint32_t i = 0; i < faults->n; i++) {
        const struct fault_rule *rule = &faults->rules[i];
        check(rule->kind < FAULT_KIND_COUNT && rule->api <= API_COUNT);
        check(rule->probability >= 0 && rule->probability <= 1);
        check(memchr(rule->code, 0, sizeof(rule->code)) && memchr(rule->match, 0, sizeof(rule->match)));
    }
    for (int phase = PHASE_ACCEPT; phase <= PHASE_REPLY; phase++)
        for (uint32_t at = 0; faults_next(faults, (enum fault_phase)phase, API_SOAR, 2000, &at);)
            check(at <= faults->n);
    buf_init(&out, memory, sizeof(memory));
    faults_json(faults, &out);
    check(!out.overflow);
    json_must_be_whole(buf_view(&out));
}

static void
rules_of_json(struct faults *faults, struct slice text)
{
    char error[256] = "";
    const struct value *root;
    struct arena arena;
    size_t size = json_arena_bytes(text.size);
    void *tree = malloc(size);
    check(tree);
    arena_init(&arena, tree, size);
    if (json_read(text, &arena, &root) == FAULT_NONE && !faults_add_json(faults, root, 1000, error, sizeof(error)))
        check(error[0] && faults->n == 0);
    free(tree);
}

static void
rules_of_text(struct faults *faults, const char *text)
{
    char error[256] = "";
    if (!faults_add_text(faults, text, 1000, error, sizeof(error)))
        check(error[0] && faults->n == 0);
}

static void
knob(const char *text)
{
    struct knobs knobs;
    struct buf out;
    char error[256] = "";
    knobs_init(&knobs);
    if (!knobs_set_pair(&knobs, text, error, sizeof(error)))
        check(error[0]);
    buf_init(&out, memory, sizeof(memory));
    knobs_json(&knobs, &out);
    json_must_be_whole(buf_view(&out));
}

int
FUZZ(faults)(const uint8_t *data, size_t size)
{
    static struct faults faults;
    struct bytes bytes = { data, size };
    uint32_t what = bytes_below(&bytes, 3);
    struct slice text = bytes_rest(&bytes);
    char *copy = bytes_text(text);
    faults_init(&faults, 7);
    if (what == 0)
        rules_of_text(&faults, copy);
    else if (what == 1)
        rules_of_json(&faults, text);
    else
        knob(copy);
    faults_must_be_sound(&faults);
    free(copy);
    return 0;
}
