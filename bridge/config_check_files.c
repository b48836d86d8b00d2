/* config_check_files.c: secret files and certificates: there, readable, not empty, not for everyone's eyes. Nothing of them is
 * kept. */
#include "bridge/config_load.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SECRET_FILE_BYTES_MAX = 8192 };

/* Bytes besides white space at the end; -1 with errno. */
static ssize_t
secret_bytes(int fd)
{
    char bytes[SECRET_FILE_BYTES_MAX + 1];
    ssize_t n = read(fd, bytes, sizeof bytes);
    while (n > 0 && strchr("\r\n \t", bytes[n - 1]) != NULL)
        n--;
    explicit_bzero(bytes, sizeof bytes);
    return n;
}

static void
check_mode(struct load *load, const char *path, const char *shown, int fd)
{
    struct stat status;
    if (fstat(fd, &status) == 0 && (status.st_mode & S_IROTH) != 0)
        load_warning(load, path,
                     pool_format(load->scratch, "%s is readable by every user (mode %04o)", shown, status.st_mode & 07777u),
                     "chmod 0400 it, or mount the secret with defaultMode 0400");
}

/* A value without a slash may be the secret itself, written into the wrong place: it is not repeated, and its line not shown. */
static void
file_error(struct load *load, const char *path, const char *file, const char *text, const char *remedy)
{
    struct place place = load_nearest(load, path)->place;
    if (strchr(file, '/') == NULL)
        place.text = NULL;
    load_problem_at(load, SEVERITY_ERROR, &place, path, text, remedy);
}

void
load_check_secret(struct load *load, const char *path, const char *file)
{
    if (file == NULL || file[0] == '\0')
        return;
    struct pool *scratch = load->scratch;
    const char *shown = strchr(file, '/') == NULL ? "the secret file named here" : pool_format(scratch, "secret file %s", file);
    int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    ssize_t size = fd < 0 ? -1 : secret_bytes(fd);
    int error = errno;
    if (fd < 0 && error == ENOENT)
        file_error(load, path, file, pool_format(scratch, "%s does not exist", shown),
                   "create it with the secret as its only content, or correct the path");
    else if (size < 0)
        file_error(load, path, file, pool_format(scratch, "%s cannot be read: %s", shown, strerror(error)),
                   "let the worker's user read it");
    else if (size == 0)
        file_error(load, path, file, pool_format(scratch, "%s is empty", shown), "write the secret into it");
    else if (size > SECRET_FILE_BYTES_MAX)
        file_error(load, path, file, pool_format(scratch, "%s is over 8 KiB", shown),
                   "it should hold one secret and nothing else");
    else
        check_mode(load, path, shown, fd);
    if (fd >= 0)
        close(fd);
}

static void
check_pair(struct load *load, uint32_t target, const char *id, const char *secret, const char *names[2])
{
    if ((id[0] == '\0') == (secret[0] == '\0'))
        return;
    bool id_given = id[0] != '\0';
    load_error(load, pool_format(load->scratch, "targets[%u].credentials.%s", target, names[id_given]),
               pool_format(load->scratch, "is missing beside %s", names[!id_given]), "give both, or neither");
}

void
load_check_files(struct load *load, uint32_t index)
{
    static const char *names[2] = { "access_key_id_file", "access_key_secret_file" };
    const struct config_target *target = &load->config->targets[index];
    const struct { const char *name, *file; } files[] = {
        { "access_key_id_file", target->access_key_id_file },
        { "access_key_secret_file", target->access_key_secret_file },
        { "security_token_file", target->security_token_file },
        { "app_key_file", target->app_key_file },
        { "app_secret_file", target->app_secret_file },
    };
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        load_check_secret(load, pool_format(load->scratch, "targets[%u].credentials.%s", index, files[i].name), files[i].file);
    check_pair(load, index, target->access_key_id_file, target->access_key_secret_file, names);
    if (target->security_token_file[0] != '\0' && target->access_key_id_file[0] == '\0')
        load_error(load, pool_format(load->scratch, "targets[%u].credentials.security_token_file", index),
                   "stands without an AccessKey", "add access_key_id_file and access_key_secret_file");
    if (target->ca_file[0] != '\0' && access(target->ca_file, R_OK) != 0)
        load_error(load, pool_format(load->scratch, "targets[%u].ca_file", index),
                   pool_format(load->scratch, "%s cannot be read: %s", target->ca_file, strerror(errno)),
                   "correct the path, or remove the line");
}
