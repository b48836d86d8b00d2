/* trial.c: writes files into a folder of its own, loads them, takes all away again. */
#include "tests/base/trial.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const char whole[] =
    "kafka:\n"
    "  brokers: 127.0.0.1:9092\n"
    "  group: alertbridge\n"
    "  instance_id: \"\"                 # static membership; empty = dynamic\n"
    "  properties: {session.timeout.ms: 45000}\n"
    "redis:\n"
    "  url: redis://127.0.0.1:6379/0\n"
    "  prefix: ab\n"
    "  password_file: \"\"\n"
    "sources:\n"
    "  - {name: alerts, topics: [sec.alerts], format: auto, strict: false}\n"
    "targets:\n"
    "  - name: soar-prod\n"
    "    kind: soar\n"
    "    endpoint: https://sophonsoar.ap-southeast-1.aliyuncs.com\n"
    "    playbook_uuid: c5c88b5e-97ca-435d-8c20-000000000000\n"
    "    node_name: notify_message\n"
    "    component_name: NotifyMessage\n"
    "    action_name: notifyByMessageCenter\n"
    "    role_type: 0\n"
    "    role_for: \"\"\n"
    "    channels: [sms, email]\n"
    "    lang: zh\n"
    "    credentials: {access_key_id_file: @/secret, access_key_secret_file: @/secret, security_token_file: \"\"}\n"
    "    concurrency: 16\n"
    "    rate_limit: 10/s\n"
    "  - name: portal\n"
    "    kind: notice\n"
    "    endpoint: https://apigw.example.com\n"
    "    path: /app-portal-service/v2.2/notice-message/produce\n"
    "    org_id: o15427722038191\n"
    "    credentials: {app_key_file: @/secret, app_secret_file: @/secret}\n"
    "    app_name: {default: SOC}\n"
    "    message_id_prefix: ab-\n"
    "    default_targets: all\n"
    "    batch: {max_messages: 100, max_bytes: 1MiB, linger: 50ms}\n"
    "    concurrency: 4\n"
    "routes:\n"
    "  - {name: noise, when: {severity_below: 2}, to: drop, stop: true}\n"
    "  - {name: soar, when: {kinds: [incident.generated, alert.generated, incident.updated]}, to: soar-prod}\n"
    "  - {name: portal, when: {kinds: [notice]}, to: portal, dedup: {window: 10m}}\n"
    "dead_letter: {topic: sec.alerts.dlq}\n"
    "admin: {listen: 127.0.0.1:9464, control_socket: \"\"}\n"
    "shutdown: {drain: 40s}\n"
    "limits: {window_records: 10000, window_bytes: 64MiB, record_bytes: 256KiB}\n"
    "log: {level: info, format: auto}\n";

const char *
trial_whole(void)
{
    return whole;
}

const char *
trial_changed(const char *from, const char *to)
{
    static char changed[sizeof whole + 4096];
    const char *at = strstr(whole, from);
    cr_assert(at != NULL, "the sample has no \"%s\"", from);
    snprintf(changed, sizeof changed, "%.*s%s%s", (int)(at - whole), whole, to, at + strlen(from));
    return changed;
}

static const char *
file_path(const struct trial *trial, const char *name)
{
    static char paths[4][128];
    static unsigned turn;
    char *path = paths[turn++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", trial->dir.path, name);
    return path;
}

/* @/ in the text stands for the folder. */
static void
write_file(const struct trial *trial, const char *name, const char *text)
{
    FILE *file = fopen(file_path(trial, name), "w");
    cr_assert(file != NULL);
    for (; *text != '\0'; text++) {
        if (text[0] == '@' && text[1] == '/')
            fputs(trial->dir.path, file);
        else
            fputc(*text, file);
    }
    fclose(file);
    chmod(file_path(trial, name), 0600);
}

struct trial *
trial_run(const struct trial_input *input)
{
    static const char *const nothing[] = { NULL };
    struct trial *trial = calloc(1, sizeof *trial);
    cr_assert(temp_dir_make(&trial->dir));
    write_file(trial, "secret", "s3cret-value\n");
    write_file(trial, "empty", "\n");
    write_file(trial, "bridge.yaml", input->yaml);
    write_file(trial, "second.yaml", input->second ? input->second : "");
    const char *files[] = { file_path(trial, "bridge.yaml"), file_path(trial, "second.yaml") };
    struct config_load given = {
        .files = files,
        .n_files = input->second ? 2 : 1,
        .sets = input->sets,
        .environment = (char *const *)(uintptr_t)(input->environment ? input->environment : nothing),
        .check_kafka = input->check_kafka,
    };
    while (input->sets && input->sets[given.n_sets])
        given.n_sets++;
    trial->config = config_load(&given, &trial->report);
    struct buf out;
    buf_init(&out, trial->text, sizeof trial->text);
    config_report_text(&out, &trial->report);
    buf_cstr(&out);
    return trial;
}

struct trial *
trial_of(const char *yaml)
{
    return trial_run(&(struct trial_input){ .yaml = yaml });
}

void
trial_end(struct trial *trial)
{
    temp_dir_remove(&trial->dir);
    config_free(trial->config);
    config_report_free(&trial->report);
    free(trial);
}

const struct config_problem *
trial_problem(const struct trial *trial, const char *path)
{
    for (uint32_t i = 0; i < trial->report.n; i++)
        if (strcmp(trial->report.problems[i].path, path) == 0)
            return &trial->report.problems[i];
    return NULL;
}
