/* explained.c: see explained.h. */
#include "tests/cmd/explained.h"

#include "tests/support/servers.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char yaml[] =
    "kafka: {brokers: 127.0.0.1:1, group: g}\n"
    "redis: {url: 'memory:', prefix: ab}\n"
    "sources:\n"
    "  - {name: alerts, topics: [sec.alerts, other.alerts]}\n"
    "  - {name: tests, topics: ['^test\\..*'], strict: true}\n"
    "targets:\n"
    "  - name: soar-prod\n"
    "    kind: soar\n"
    "    endpoint: https://sophonsoar.ap-southeast-1.aliyuncs.com\n"
    "    playbook_uuid: c5c88b5e-97ca-435d-8c20-000000000000\n"
    "    node_name: notify_message\n"
    "    component_name: NotifyMessage\n"
    "    action_name: notifyByMessageCenter\n"
    "    channels: [sms, email]\n"
    "    credentials: {access_key_id_file: ak, access_key_secret_file: sk, security_token_file: st}\n"
    "  - name: portal\n"
    "    kind: notice\n"
    "    endpoint: https://apigw.example.com\n"
    "    org_id: o15427722038191\n"
    "    app_name: SOC\n"
    "    message_id_prefix: ab-\n"
    "    credentials: {app_key_file: key, app_secret_file: secret}\n"
    "    batch: {max_messages: 2}\n"
    "routes:\n"
    "  - {name: noise, when: {severity_below: 2}, to: drop, stop: true}\n"
    "  - {name: eu, when: {kinds: [notice], labels: {region: eu}}, to: portal, dedup: {window: 10m}}\n"
    "  - {name: soar, when: {kinds: [incident.generated, alert.generated, incident.updated]}, to: soar-prod}\n"
    "  - {name: portal, when: {kinds: [notice, incident.updated], sources: [alerts]}, to: portal, dedup: {window: 10m}}\n"
    "dead_letter: {topic: sec.dlq}\n"
    "admin: {listen: none}\n";

static void
write_file(const char *path, const char *bytes, size_t size)
{
    FILE *file = fopen(path, "w");
    cr_assert(file && fwrite(bytes, 1, size, file) == size && fclose(file) == 0);
    cr_assert_eq(chmod(path, 0600), 0);
}

static void
write_text(const char *path, const char *text)
{
    write_file(path, text, strlen(text));
}

static void
enter_folder(struct temp_dir *folder)
{
    cr_assert(temp_dir_make(folder) && chdir(folder->path) == 0);
    write_text("bridge.yaml", yaml);
    write_text("ak", PLANTED_KEY "\n");
    write_text("sk", PLANTED_SECRET "\n");
    write_text("st", PLANTED_TOKEN "\n");
    write_text("key", PLANTED_APP_KEY "\n");
    write_text("secret", PLANTED_APP_SECRET "\n");
}

static void
leave_folder(struct temp_dir *folder)
{
    cr_assert_eq(chdir("/"), 0);
    temp_dir_remove(folder);
}

static int
redirect(int fd, const char *path)
{
    int kept = dup(fd), file = open(path, O_CREAT | O_RDWR | O_TRUNC, 0600);
    cr_assert(kept >= 0 && file >= 0 && dup2(file, fd) == fd);
    close(file);
    return kept;
}

static void
restore(int fd, int kept, const char *path, char *text, size_t size)
{
    cr_assert_eq(dup2(kept, fd), fd);
    close(kept);
    FILE *file = fopen(path, "r");
    cr_assert(file);
    size_t got = fread(text, 1, size - 1, file);
    text[got] = '\0';
    fclose(file);
}

const struct explained *
explained(enum explained_form form, const char *event, size_t size, const char *const *words)
{
    static struct explained result;
    static const char *const files[] = { "bridge.yaml" };
    struct temp_dir folder;
    char *argv[32];
    char name[] = "explain", path[] = "event";
    struct cmd_context context = { .argc = 1, .argv = argv, .files = files, .n_files = 1, .json = form == EXPLAINED_JSON };
    argv[0] = name;
    while (words && *words && context.argc < 30)
        argv[context.argc++] = (char *)(uintptr_t)*words++;
    argv[context.argc++] = path;
    argv[context.argc] = NULL;
    enter_folder(&folder);
    if (event)
        write_file("event", event, size);
    fflush(stdout);
    fflush(stderr);
    int out = redirect(STDOUT_FILENO, "out"), error = redirect(STDERR_FILENO, "error");
    result.code = cmd_explain(&context);
    fflush(stdout);
    fflush(stderr);
    restore(STDOUT_FILENO, out, "out", result.out, sizeof result.out);
    restore(STDERR_FILENO, error, "error", result.error, sizeof result.error);
    leave_folder(&folder);
    return &result;
}

const struct explained *
explained_text(const char *event, const char *const *words)
{
    return explained(EXPLAINED_TEXT, event, event ? strlen(event) : 0, words);
}
