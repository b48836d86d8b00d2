/* test_space.c: address space, and the last words of a process that gets none. */
#include "bridge/space.h"

#include "bridge/log.h"

#include <criterion/criterion.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

Test(space, what_is_mapped_is_zeroed_and_writable)
{
    char *memory = space_map(100000);
    cr_expect_eq(memory[0], 0);
    cr_expect_eq(memory[99999], 0);
    memory[99999] = 1;
    space_unmap(memory, 100000);
    space_unmap(NULL, 5);
}

static void
ask_for_all(void)
{
    space_map(SIZE_MAX / 2);
}

static void
ask_for_a_thread(void)
{
    space_no_thread();
}

/* What a child says on its log before it ends for want of memory, and its exit code. */
static int
last_words(enum log_format format, void (*ask)(void), char *text, size_t size)
{
    int ends[2], status = 0;
    cr_assert_eq(pipe(ends), 0);
    pid_t child = fork();
    cr_assert_geq(child, 0);
    if (child == 0) {
        log_open(ends[1], LOG_LEVEL_INFO, format);
        ask();
        _exit(0);
    }
    close(ends[1]);
    size_t got = 0;
    for (ssize_t n; (n = read(ends[0], text + got, size - 1 - got)) > 0;)
        got += (size_t)n;
    text[got] = 0;
    close(ends[0]);
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert(WIFEXITED(status), "it did not end by itself: %x", (unsigned)status);
    return WEXITSTATUS(status);
}

Test(space, a_process_that_gets_no_memory_says_how_much_it_asked_for_and_ends_with_71)
{
    static char text[65536];
    cr_expect_eq(last_words(LOG_FORMAT_JSON, ask_for_all, text, sizeof(text)), 71);
    cr_expect_not_null(strstr(text, "\"code\":\"AB8205\""), "%s", text);
    cr_expect_not_null(strstr(text, "\"error\":\"9223372036854775807 bytes were asked for\""), "%s", text);
    cr_expect_eq(text[strlen(text) - 1], '\n');
    cr_expect_eq(last_words(LOG_FORMAT_TEXT, ask_for_all, text, sizeof(text)), 71);
    cr_expect_not_null(strstr(text, "AB8205 out of memory, the process ends"), "%s", text);
}

Test(space, a_process_that_gets_no_thread_says_so_and_ends_with_71)
{
    char text[1024];
    cr_expect_eq(last_words(LOG_FORMAT_TEXT, ask_for_a_thread, text, sizeof(text)), 71);
    cr_expect_not_null(strstr(text, "AB8206 no thread to be had, the process ends"), "%s", text);
}
