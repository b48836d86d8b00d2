/* test_secrets.c: what is taken from a secret file, and what keeps the old value. */
#include "bridge/io/secrets.h"
#include "tests/support/servers.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static struct temp_dir folder;
static char path[96];

static void
setup(void)
{
    cr_assert(temp_dir_make(&folder));
    snprintf(path, sizeof(path), "%s/key", folder.path);
}

static void
teardown(void)
{
    temp_dir_remove(&folder);
}

TestSuite(secrets, .init = setup, .fini = teardown);

static void
file_write(const char *text, size_t size)
{
    FILE *file = fopen(path, "w");
    cr_assert(file);
    fwrite(text, 1, size, file);
    fclose(file);
}

Test(secrets, one_trailing_newline_is_no_part_of_a_secret)
{
    static const struct { const char *file, *secret; } rows[] = {
        { "hunter2", "hunter2" }, { "hunter2\n", "hunter2" }, { "hunter2\r\n", "hunter2" }, { "hunter2\n\n", "hunter2\n" },
        { " a b ", " a b " }, { "a\r", "a\r" }, { "x\n\r\n", "x\n" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct secret secret = { .path = path };
        file_write(rows[i].file, strlen(rows[i].file));
        cr_expect_eq(secret_read(&secret), SECRET_CHANGED, "row %zu", i);
        cr_expect(slice_is(secret_view(&secret), rows[i].secret), "row %zu", i);
        cr_expect_str_eq(secret.text, rows[i].secret, "row %zu", i);
        secret_wipe(&secret);
    }
}

Test(secrets, a_rotation_is_told_from_the_same_value)
{
    struct secret secret = { .path = path };
    file_write("one\n", 4);
    cr_expect_eq(secret_read(&secret), SECRET_CHANGED);
    uint64_t seen = secret.seen;
    cr_expect_eq(secret_read(&secret), SECRET_SAME);
    file_write("one", 3);
    cr_expect_eq(secret_read(&secret), SECRET_SAME);
    file_write("two", 3);
    cr_expect_eq(secret_read(&secret), SECRET_CHANGED);
    cr_expect_neq(secret.seen, seen);
    cr_expect(slice_is(secret_view(&secret), "two"));
    secret_wipe(&secret);
    cr_expect_null(secret.text);
    cr_expect_null(secret_view(&secret).at);
    cr_expect_eq(secret_read(&secret), SECRET_CHANGED, "read again after a wipe");
    secret_wipe(&secret);
}

Test(secrets, a_file_that_is_empty_gone_or_too_big_keeps_the_old_value)
{
    static char big[SECRET_BYTES_MAX + 100];
    memset(big, 'k', sizeof(big));
    struct secret secret = { .path = path };
    file_write("keep", 4);
    cr_assert_eq(secret_read(&secret), SECRET_CHANGED);
    static const struct { const char *text; size_t size; enum secret_result result; } rows[] = {
        { "", 0, SECRET_EMPTY },
        { "\n", 1, SECRET_EMPTY },
        { "\r\n", 2, SECRET_EMPTY },
        { big, SECRET_BYTES_MAX + 1, SECRET_TOO_BIG },
        { big, sizeof(big), SECRET_TOO_BIG },
        { "ab\0cd", 5, SECRET_UNREADABLE },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        file_write(rows[i].text, rows[i].size);
        cr_expect_eq(secret_read(&secret), rows[i].result, "row %zu", i);
        cr_expect(slice_is(secret_view(&secret), "keep"), "row %zu", i);
    }
    unlink(path);
    cr_expect_eq(secret_read(&secret), SECRET_MISSING);
    cr_expect(slice_is(secret_view(&secret), "keep"));
    file_write("keep", 4);
    cr_expect_eq(secret_read(&secret), SECRET_SAME);
    secret_wipe(&secret);
}

Test(secrets, the_largest_secret_fits_with_its_newline)
{
    static char big[SECRET_BYTES_MAX + 2];
    memset(big, 'k', SECRET_BYTES_MAX);
    memcpy(big + SECRET_BYTES_MAX, "\r\n", 2);
    struct secret secret = { .path = path };
    file_write(big, sizeof(big));
    cr_expect_eq(secret_read(&secret), SECRET_CHANGED);
    cr_expect_eq(secret.size, SECRET_BYTES_MAX);
    secret_wipe(&secret);
}

Test(secrets, a_directory_or_a_fifo_is_refused_without_waiting)
{
    struct secret secret = { .path = path };
    cr_assert_eq(mkdir(path, 0700), 0);
    cr_expect_eq(secret_read(&secret), SECRET_UNREADABLE);
    rmdir(path);
    cr_assert_eq(mkfifo(path, 0600), 0);
    cr_expect_eq(secret_read(&secret), SECRET_UNREADABLE);
    secret.path = "/dev/zero";
    cr_expect_eq(secret_read(&secret), SECRET_UNREADABLE);
    cr_expect_null(secret.text);
}

Test(secrets, a_swapped_link_is_followed_as_in_a_mounted_secret)
{
    char data[80], version[2][80], other[80];
    struct secret secret = { .path = path };
    snprintf(data, sizeof(data), "%s/..data", folder.path);
    snprintf(other, sizeof(other), "%s/..data_tmp", folder.path);
    for (int i = 0; i < 2; i++) {
        snprintf(version[i], sizeof(version[i]), "%s/v%d", folder.path, i);
        FILE *file = fopen(version[i], "w");
        fprintf(file, "secret %d\n", i);
        fclose(file);
    }
    cr_assert_eq(symlink(version[0], data), 0);
    cr_assert_eq(symlink("..data", path), 0);
    cr_expect_eq(secret_read(&secret), SECRET_CHANGED);
    cr_expect(slice_is(secret_view(&secret), "secret 0"));
    cr_assert_eq(symlink(version[1], other), 0);
    cr_assert_eq(rename(other, data), 0);
    cr_expect_eq(secret_read(&secret), SECRET_CHANGED);
    cr_expect(slice_is(secret_view(&secret), "secret 1"));
    unlink(data);
    unlink(version[0]);
    unlink(version[1]);
    secret_wipe(&secret);
}

Test(secrets, no_path_is_no_secret_and_no_complaint)
{
    struct secret none = { 0 }, empty = { .path = "" };
    cr_expect_eq(secret_read(&none), SECRET_SAME);
    cr_expect_eq(secret_read(&empty), SECRET_SAME);
    cr_expect_null(secret_view(&none).at);
    secret_wipe(&none);
}

Test(secrets, every_result_has_a_text)
{
    for (int i = SECRET_SAME; i <= SECRET_UNREADABLE; i++)
        cr_expect_gt(strlen(secret_result_text((enum secret_result)i)), 0);
}
