/* config_texts.c: values with a form of their own: texts in several languages, and the receivers of a notice. */
#include "bridge/config_load.h"

static bool
is_locale(const char *key)
{
    size_t size = strspn(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");
    return size >= 2 && size <= 35 && key[size] == '\0';
}

void
setting_locales(const struct setting *setting)
{
    struct template template = { .n = 0 };
    const struct node *node = setting->node;
    struct pool *pool = setting->load->pool;
    if (node->kind == NODE_SCALAR && node->text[0] != '\0')
        template.texts[template.n++] = (struct locale_text){ "default", pool_text(pool, node->text) };
    for (const struct node *item = node->kind == NODE_MAP ? node->first : NULL; item != NULL; item = item->next) {
        const char *path = pool_format(setting->load->scratch, "%s.%s", setting->path, item->key);
        if (item->kind != NODE_SCALAR || item->text[0] == '\0')
            load_problem_at(setting->load, SEVERITY_ERROR, &item->place, path, "expects a text", "write one, in quotes");
        else if (!is_locale(item->key))
            load_problem_at(setting->load, SEVERITY_ERROR, &item->key_place, path, "is no locale",
                            "write default, zh_CN, en_US and the like");
        else if (template.n == LOCALES_MAX)
            load_problem_at(setting->load, SEVERITY_ERROR, &item->key_place, path, "is one locale too many: at most 16",
                            "shorten the map");
        else
            template.texts[template.n++] = (struct locale_text){ pool_text(pool, item->key), pool_text(pool, item->text) };
    }
    if (node->kind == NODE_MAP && node->n > 0 && node_child(node, "default") == NULL)
        setting_error(setting, "has no default", "add default: the text for every other locale");
    memcpy(setting->field, &template, sizeof template);
}

void
setting_audience(const struct setting *setting)
{
    struct backend_settings *settings = &((struct config_target *)(void *)setting->base)->settings;
    const struct node *node = setting->node;
    if (node->kind == NODE_SCALAR) {
        settings->default_audience = AUDIENCE_ALL;
        if (strcmp(node->text, "all") != 0)
            setting_wrong(setting);
        return;
    }
    const char **users = pool_take(setting->load->pool, (node->n + 1) * sizeof *users);
    uint32_t n = 0;
    for (const struct node *item = node->first; item != NULL; item = item->next)
        users[n++] = pool_text(setting->load->pool, item->text);
    if (n == 0 || n > DEFAULT_USERS_MAX)
        setting_error(setting, "names no user, or more than 1,000", "write all, or 1 to 1,000 user ids");
    settings->default_audience = AUDIENCE_LIST;
    settings->default_users = users;
    settings->n_default_users = n;
}
