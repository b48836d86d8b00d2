/* fault.c: names and texts of the faults, from their table. */
#include "codecs/fault.h"

#include "codecs/check.h"

static const struct {
    const char *name, *text;
} faults[FAULT_COUNT] = {
    [FAULT_NONE] = { "none", "nothing is wrong" },
#define FAULT_ROW(constant, name, text) [constant] = { name, text },
    FAULTS(FAULT_ROW)
#undef FAULT_ROW
};

const char *
fault_name(enum fault fault)
{
    check(fault < FAULT_COUNT);
    return faults[fault].name;
}

const char *
fault_text(enum fault fault)
{
    check(fault < FAULT_COUNT);
    return faults[fault].text;
}
