/* test_corpus.c: every input of the committed corpora, among them each that ever broke something, is taken by its target. */
#include <criterion/criterion.h>
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define TARGETS(X) \
    X(admin) X(chain) X(cloudevents) X(config) X(engine) X(event) X(faults) X(json) X(log_line) X(msgpack) X(notice_judge) \
    X(redis_reply) X(redis_text) X(request) X(simulator) X(soar_judge) X(text)

/* The copy has no byte more than the input: reading behind it is seen. */
static void
take(int (*target)(const uint8_t *, size_t), const char *path)
{
    FILE *file = fopen(path, "rb");
    cr_assert(file, "%s", path);
    fseek(file, 0, SEEK_END);
    size_t size = (size_t)ftell(file);
    uint8_t *bytes = malloc(size ? size : 1);
    rewind(file);
    cr_assert_eq(fread(bytes, 1, size, file), size);
    fclose(file);
    cr_expect_eq(target(bytes, size), 0, "%s", path);
    free(bytes);
}

static void
take_all(int (*target)(const uint8_t *, size_t), const char *name)
{
    char path[1024];
    uint32_t n = 0;
    snprintf(path, sizeof(path), "%s/tests/fuzz/corpus/%s", SOURCE_ROOT, name);
    DIR *folder = opendir(path);
    cr_assert(folder, "%s", path);
    for (struct dirent *entry; (entry = readdir(folder));) {
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof(path), "%s/tests/fuzz/corpus/%s/%s", SOURCE_ROOT, name, entry->d_name);
        take(target, path);
        n++;
    }
    closedir(folder);
    cr_expect_geq(n, 2, "the corpus of %s is empty", name);
}

#define CORPUS_TEST(name)                         \
    int fuzz_##name(const uint8_t *, size_t);     \
    Test(fuzz, name##_takes_every_input_of_its_corpus) \
    {                                             \
        take_all(fuzz_##name, #name);             \
    }
TARGETS(CORPUS_TEST)
