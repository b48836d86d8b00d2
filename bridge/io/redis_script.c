/* redis_script.c: what must be compared and set in one step. They decide nothing: what to expect and what to write is said by
 * the tables of bridge/core/claim.c, so that all stores agree. */
#include "bridge/io/redis_script.h"

/* The holder "<owner>.<dispatch>" of a claim, and its connection in seven digits. */
#define HELD "^C:%d+:(%x+%.%d+)(%d%d%d%d%d%d%d):"

static const char *const texts[SCRIPT_COUNT] = {
    /* The PTTL is compared as well: a renewal leaves the value as it is and lifts the PTTL. */
    [SCRIPT_SWAP] = "local met = redis.call('GET', KEYS[1]) or ''\n"
                    "local left = redis.call('PTTL', KEYS[1])\n"
                    "if met == ARGV[1] and left <= tonumber(ARGV[4]) then\n"
                    "  redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])\n"
                    "  return 1\n"
                    "end\n"
                    "return {met, left}\n",
    /* A claim of a newer connection is as another's: this command was given up on before that one was made. */
    [SCRIPT_HOLD] = "local met = redis.call('GET', KEYS[1])\n"
                    "if met then\n"
                    "  local holder, connection = string.match(met, '" HELD "')\n"
                    "  if holder ~= ARGV[1] or tonumber(connection) > tonumber(ARGV[2]) then\n"
                    "    return met\n"
                    "  end\n"
                    "end\n"
                    "redis.call('SET', KEYS[1], ARGV[3], 'PX', ARGV[4])\n"
                    "return 1\n",
    [SCRIPT_PROMOTE] = "local met = redis.call('GET', KEYS[1]) or ''\n"
                       "if met ~= ARGV[1] then\n"
                       "  return met\n"
                       "end\n"
                       "redis.call('SET', KEYS[1], ARGV[2], 'KEEPTTL')\n"
                       "return 1\n",
    [SCRIPT_GIVE_BACK] = "local met = redis.call('GET', KEYS[1]) or ''\n"
                         "local holder, connection = string.match(met, '" HELD "')\n"
                         "if holder ~= ARGV[1] or tonumber(connection) > tonumber(ARGV[2]) then\n"
                         "  return met\n"
                         "end\n"
                         "if ARGV[3] == '' then\n"
                         "  redis.call('DEL', KEYS[1])\n"
                         "else\n"
                         "  redis.call('SET', KEYS[1], ARGV[3], 'PX', ARGV[4])\n"
                         "end\n"
                         "return 1\n",
    [SCRIPT_CANARY] = "local met = redis.call('GET', KEYS[1]) or ''\n"
                      "local generation, n = string.match(met, '^(%x+):(%d+)$')\n"
                      "local now = (generation or ARGV[1]) .. ':' .. string.format('%.0f', tonumber(n or '0') + 1)\n"
                      "redis.call('SET', KEYS[1], now)\n"
                      "return {met, now}\n",
};

void
redis_script_load(struct resp *resp, enum redis_script script)
{
    resp_begin(resp, 3);
    resp_text(resp, "SCRIPT");
    resp_text(resp, "LOAD");
    resp_text(resp, texts[script]);
}

bool
redis_script_loaded(struct redis_scripts *scripts, enum redis_script script, struct slice sha)
{
    if (sha.size != SCRIPT_SHA_DIGITS)
        return false;
    for (size_t i = 0; i < sha.size; i++)
        if (!(sha.at[i] >= '0' && sha.at[i] <= '9') && !(sha.at[i] >= 'a' && sha.at[i] <= 'f'))
            return false;
    memcpy(scripts->sha[script], sha.at, SCRIPT_SHA_DIGITS);
    scripts->sha[script][SCRIPT_SHA_DIGITS] = '\0';
    return true;
}

void
redis_script_call(struct resp *resp, const struct redis_scripts *scripts, enum redis_script script, enum script_form form,
                  struct slice key, uint32_t arguments)
{
    bool by_digest = form == SCRIPT_BY_DIGEST && scripts->sha[script][0];
    resp_begin(resp, 4 + arguments);
    resp_text(resp, by_digest ? "EVALSHA" : "EVAL");
    resp_text(resp, by_digest ? scripts->sha[script] : texts[script]);
    resp_text(resp, "1");
    resp_word(resp, key);
}
