/* test_text.c: what a command prints is written whole, or the reason is on stderr. */
#include "bridge/cmd/commands.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Runs text_print with these two in place of stdout and stderr. */
static int
print_to(int out, int err, struct buf *text)
{
    int old_out = dup(STDOUT_FILENO), old_err = dup(STDERR_FILENO);
    fflush(NULL);
    dup2(out, STDOUT_FILENO);
    dup2(err, STDERR_FILENO);
    int code = text_print(text);
    fflush(stderr);
    dup2(old_out, STDOUT_FILENO);
    dup2(old_err, STDERR_FILENO);
    close(old_out);
    close(old_err);
    return code;
}

Test(text, a_full_disk_is_an_exit_code_and_a_reason)
{
    char told[256] = "";
    int full = open("/dev/full", O_WRONLY | O_CLOEXEC), ends[2];
    cr_assert_geq(full, 0);
    cr_assert_eq(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    struct buf *text = text_new();
    buf_text(text, "the answer\n");
    cr_expect_eq(print_to(full, ends[1], text), EXIT_IO);
    cr_assert_gt(read(ends[0], told, sizeof(told) - 1), 0, "nothing says why");
    cr_expect_str_eq(told, "alertbridge: cannot write to stdout: No space left on device\n");
    close(full);
    close(ends[0]);
    close(ends[1]);
}
