/* swarm.c: the table of swarm.def, and the draw of one seed. */
#include "tests/sim/swarm.h"

#include "tests/support/draw.h"

#include <stddef.h>

enum { VALUES_MAX = 8 };

static const struct {
    const char *name, *text;
    bool rate;
    int64_t quiet, values[VALUES_MAX];
    size_t n;
} rows[SWARM_COUNT] = {
#define COUNT(...) (sizeof((int64_t[]){ __VA_ARGS__ }) / sizeof(int64_t))
#define SIZE(name, quiet, text, ...) { #name, text, false, quiet, { __VA_ARGS__ }, COUNT(__VA_ARGS__) },
#define RATE(name, text, ...)        { #name, text, true, 0, { __VA_ARGS__ }, COUNT(__VA_ARGS__) },
#include "tests/sim/swarm.def"
#undef SIZE
#undef RATE
};

/* Half of the rates are off, so that each fault is also met without most others. */
void
swarm_draw(struct swarm *swarm, uint64_t seed)
{
    uint64_t state = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
    swarm->seed = seed;
    for (int i = 0; i < 8; i++)
        draw(&state, 2);
    bool calm_weather = draw(&state, 20) == 0;
    for (unsigned i = 0; i < SWARM_COUNT; i++) {
        bool on = !rows[i].rate || (draw(&state, 2) && !calm_weather);
        int64_t value = rows[i].values[draw(&state, (uint32_t)rows[i].n)];
        swarm->of[i] = on ? value : 0;
    }
}

const char *
swarm_name(enum swarm_row row)
{
    return rows[row].name;
}

const char *
swarm_text(enum swarm_row row)
{
    return rows[row].text;
}

bool
swarm_is_rate(enum swarm_row row)
{
    return rows[row].rate;
}

int64_t
swarm_quiet(enum swarm_row row)
{
    return rows[row].quiet;
}
