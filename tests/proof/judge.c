/* judge.c: alertbridge_judge FILE: the checker over a history in JSON lines ("-" = stdin). Prints what was judged, then what was
 * violated, then `N passed, N failed`, one for each invariant that had something to judge. Exit 1 when one failed. */
#include "tests/proof/checker.h"

#include <string.h>

static int
tell(const struct findings *findings)
{
    int passed = 0, failed = 0;
    for (int i = 0; i < INVARIANT_COUNT; i++) {
        bool bad = findings->violations[i] > 0;
        printf("I%-2d %12lu  %s", i, (unsigned long)findings->judged[i], invariant_text(i));
        if (bad)
            printf("  VIOLATED %u times", findings->violations[i]);
        printf("\n");
        passed += findings->judged[i] > 0 && !bad;
        failed += bad;
    }
    for (uint32_t i = 0; i < findings->n && i < 16; i++)
        printf("I%d: %s\n", findings->first[i].invariant, findings->first[i].text);
    printf("%lu calls carried out, %lu of them again, %lu excused by a loss of memory (%lu ids), %u violations\n",
           (unsigned long)findings->executed, (unsigned long)findings->repeated, (unsigned long)findings->excused,
           (unsigned long)findings->apart, findings->n);
    printf("%d passed, %d failed\n", passed, failed);
    return failed > 0;
}

int
main(int argc, char **argv)
{
    struct history history;
    struct findings findings;
    char error[100];
    FILE *file = argc == 2 ? (strcmp(argv[1], "-") == 0 ? stdin : fopen(argv[1], "r")) : NULL;
    if (!file) {
        fprintf(stderr, "usage: alertbridge_judge FILE\n");
        return argc == 2 ? 66 : 64;
    }
    history_init(&history);
    if (!history_read(&history, file, error, sizeof(error))) {
        fprintf(stderr, "%s: %s\n", argv[1], error);
        return 65;
    }
    history_check(&history, &findings);
    history_release(&history);
    return tell(&findings);
}
