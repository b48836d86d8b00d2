/* demo_faults.c: what goes wrong in the demo: refusals, errors, resets before and after a call was carried out, one poison. */
#include "bridge/cmd/demo.h"
#include "bridge/io/clock.h"
#include "bridge/sim/sim.h"

#include <stdio.h>

static const char *const faults[] = {
    "throttle:api=soar,count=3,gap=500,retry_after=1000,p=0.01",
    "throttle:api=notice,count=2,gap=500,retry_after=1000,p=0.05",
    "throttle_untold:p=0.005,count=3",
    "status_before:p=0.005,status=500",
    "status_before:p=0.005,status=502",
    "status_before:p=0.005,status=503",
    "reset_before:p=0.005",
    "reset_after:p=0.005",
    "execute_then_500:p=0.003",
    "truncate:p=0.002",
};

void
demo_samples(const struct demo_options *options, struct sample_config *config)
{
    *config = (struct sample_config){
        .seed = options->seed,
        .format = FORMAT_AUTO,
        .repeats_ppm = SAMPLE_PPM / 10,
        .group_keys = options->records / 4 + 1,
        .records = options->records,
        .bad = options->records / 1000 + 1,
    };
}

/* Events follow from seed and number alone: walking through them once finds it. */
bool
demo_poison_id(const struct demo_options *options, char *id, size_t id_size)
{
    struct sample_config config;
    struct sample sample = { 0 };
    demo_samples(options, &config);
    struct sampler *sampler = sampler_new(&config);
    bool found = false;
    for (uint64_t i = 0; sampler && i < options->records && !found; i++) {
        sampler_next(sampler, &sample);
        found = i >= options->records / 3 && !sample.bad && sample.kind == EVENT_NOTICE && sample.id.size < id_size;
    }
    if (found)
        snprintf(id, id_size, "%.*s", (int)sample.id.size, sample.id.at);
    sampler_free(sampler);
    return found;
}

bool
demo_faults(struct sim *sim, const struct demo_options *options, char *error, size_t error_size)
{
    char id[FAULT_TEXT_BYTES], text[2 * FAULT_TEXT_BYTES];
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
        if (!faults_add_text(sim_faults(sim), faults[i], clock_wall_ms(), error, error_size))
            return false;
    if (!demo_poison_id(options, id, sizeof(id)))
        return true;
    snprintf(text, sizeof(text), "poison:api=notice,match=%s", id);
    return faults_add_text(sim_faults(sim), text, clock_wall_ms(), error, error_size);
}
