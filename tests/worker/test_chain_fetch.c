/* test_chain_fetch.c: a target's credential chain against the simulators, over HTTP, with the engine asking. */
#include "bridge/io/clock.h"
#include "tests/worker/stand.h"

#include <criterion/criterion.h>
#include <event2/event.h>
#include <stdlib.h>
#include <unistd.h>

TestSuite(chain_fetch, .init = stand_setup, .fini = stand_teardown);

static void
oidc(void)
{
    stand_variable(CHAIN_ROLE_ARN, "acs:ram::1:role/r");
    stand_variable(CHAIN_OIDC_PROVIDER_ARN, "acs:ram::1:oidc-provider/p");
    setenv("ALIBABA_CLOUD_OIDC_TOKEN_FILE", stand.path, 1);
    stand_variable(CHAIN_STS_ENDPOINT, "http://%s");
}

Test(chain_fetch, an_oidc_token_becomes_keys_that_end)
{
    struct credential credential;
    stand_file("a.b.c\n");
    oidc();
    stand_start();
    run_until_other("");
    credentials_view(&stand.worker.holders[0], &credential);
    cr_expect_eq(strncmp(credential.id.at, "STS.", 4), 0);
    cr_expect_gt(credential.secret.size, 0);
    cr_expect_eq(strncmp(credential.token.at, "CAIS", 4), 0);
    ms_t left = stand.worker.holders[0].chain_expires_ms - clock_now_ms();
    cr_expect(left > 3590000 && left <= 3600000, "%lld", (long long)left);
    ms_t refresh = engine_deadline(stand.worker.engine) - clock_now_ms();
    cr_expect(refresh > 2690000 && refresh <= 2700000, "asked again 15 min before the end: in %lld ms", (long long)refresh);
    cr_expect(strstr(logged(), "AB5301") && strstr(logged(), "\"oidc\""), "%s", logged());
    cr_expect_not(strstr(logged(), "CAIS"));
}

Test(chain_fetch, the_metadata_service_is_asked_with_a_token)
{
    stand_variable(CHAIN_ECS_METADATA_ENDPOINT, "http://%s");
    stand_start();
    run_until_other("");
    cr_expect_eq(chain()->provider, CHAIN_ECS_ROLE);
    cr_expect_eq(asked(), 3);
    cr_expect_not(chain()->metadata_plain);
    cr_expect_not(chain()->endpoint.allow_internal);
}

Test(chain_fetch, the_metadata_service_of_old_is_asked_without_a_token)
{
    stand_variable(CHAIN_ECS_METADATA_ENDPOINT, "http://%s");
    stand_fault("status_before:api=sts,count=1,status=404");
    stand_start();
    run_until_other("");
    cr_expect_eq(asked(), 3);
    cr_expect(chain()->metadata_plain);
}

Test(chain_fetch, a_credentials_uri_is_asked)
{
    stand_variable(CHAIN_ECS_METADATA_DISABLED, "true");
    stand_variable(CHAIN_CREDENTIALS_URI, "http://%s/credentials");
    stand_start();
    run_until_other("");
    cr_expect_eq(chain()->provider, CHAIN_URI);
    cr_expect_eq(asked(), 1);
}

Test(chain_fetch, keys_are_renewed_before_they_end_and_the_token_file_is_read_anew)
{
    char first[128];
    stand_knob("sts_life=4");
    stand_file("one");
    oidc();
    stand_start();
    run_until_other("");
    strcpy(first, chain()->keys.id);
    ms_t end = stand.worker.holders[0].chain_expires_ms;
    unlink(stand.path);
    stand_file("");
    run_until_ended(2);                     /* empty now: no token, the present keys stay */
    cr_expect_str_eq(chain()->keys.id, first);
    cr_expect(strstr(logged(), "AB5304"), "%s", logged());
    stand_file("two");
    run_until_other(first);
    cr_expect_lt(clock_now_ms(), end + 3000);
    cr_expect_eq(asked(), 2);
}

Test(chain_fetch, the_present_keys_outlive_a_refresh_that_fails_and_no_longer_than_their_end)
{
    struct holder *holder = &stand.worker.holders[0];
    char address[64], first[128];
    stand_knob("sts_life=4");
    stand_file("one");
    oidc();
    stand_start();
    run_until_other("");
    strcpy(first, chain()->keys.id);
    stand_hang_up(address);
    run_until_ended(2);
    cr_expect_lt(clock_now_ms(), holder->chain_expires_ms);
    cr_expect_eq(chain()->result, CHAIN_AGAIN);
    cr_expect_str_eq(chain()->keys.id, first);
    cr_expect(told("credential ready"), "%s", stand.told);
    cr_expect(strstr(logged(), "AB5302") && strstr(logged(), "STS does not answer"), "%s", logged());
    while (clock_now_ms() <= holder->chain_expires_ms)
        event_base_loop(stand.worker.base, EVLOOP_ONCE);
    uint32_t rounds = stand.fetches;
    run_until_ended(rounds + 1);
    cr_expect(told("credential not had"), "%s", stand.told);
    stand_serve(address);
    run_until_other(first);
    cr_expect(told("credential ready"), "%s", stand.told);
}

Test(chain_fetch, sts_may_be_away_at_the_start)
{
    char address[64];
    stand_file("one");
    oidc();
    stand_hang_up(address);
    stand_start();
    run_until_ended(1);
    cr_expect_eq(chain()->result, CHAIN_AGAIN);
    stand_serve(address);
    run_until_other("");
    cr_expect_eq(chain()->provider, CHAIN_OIDC);
}

Test(chain_fetch, a_refusal_of_sts_is_said_with_its_code)
{
    stand_file("one");
    oidc();
    stand_fault("status_before:api=sts,count=1,status=400,code=AuthenticationFail.OIDCToken.Expired");
    stand_start();
    run_until_ended(1);
    cr_expect(strstr(logged(), "AB5303") && strstr(logged(), "AuthenticationFail.OIDCToken.Expired"), "%s", logged());
    run_until_other("");
}

Test(chain_fetch, keys_in_a_profile_file_are_changed_by_changing_the_file)
{
    setenv("ALIBABA_CLOUD_CREDENTIALS_FILE", stand.path, 1);
    stand_file("[default]\ntype=access_key\naccess_key_id=one\naccess_key_secret=s\n");
    stand_start();
    run_until_other("");
    cr_expect_str_eq(chain()->keys.id, "one");
    credentials_check_files(&stand.worker);
    cr_expect_str_eq(chain()->keys.id, "one");
    stand_file("[default]\ntype=access_key\naccess_key_id=two\naccess_key_secret=s\n");
    credentials_check_files(&stand.worker);
    cr_expect_str_eq(chain()->keys.id, "two");
    cr_expect(strstr(logged(), "AB1202"), "%s", logged());
    cr_expect_eq(engine_deadline(stand.worker.engine), MS_NEVER);
    cr_expect_eq(asked(), 0);
}

Test(chain_fetch, a_key_file_of_several_lines_is_not_taken_and_keeps_the_key_before)
{
    struct holder *holder = &stand.worker.holders[0];
    struct credential credential;
    stand_file("one\nline too many\n");
    stand.config.targets[0].access_key_id_file = stand.config.targets[0].access_key_secret_file = stand.path;
    stand_start();
    run_until_ended(1);
    cr_expect(told("credential refused"), "%s", stand.told);
    stand_file("good\n");
    run_until_ended(2);
    cr_expect(told("credential ready"), "%s", stand.told);
    stand_file("good\nline too many\n");
    credentials_check_files(&stand.worker);
    credentials_view(holder, &credential);
    cr_expect(slice_is(credential.id, "good"));
    cr_expect(strstr(logged(), "AB1204"), "%s", logged());
    stand_file("better\n");
    credentials_check_files(&stand.worker);
    credentials_view(holder, &credential);
    cr_expect(slice_is(credential.id, "better"));
    cr_expect_eq(asked(), 0);
}

Test(chain_fetch, a_key_file_that_never_was_is_told_from_one_that_is_gone)
{
    struct credential credential;
    stand_file("good\n");
    unlink(stand.path);
    stand.config.targets[0].access_key_id_file = stand.config.targets[0].access_key_secret_file = stand.path;
    stand_start();
    run_until_ended(1);
    cr_expect(strstr(logged(), "AB1201") && !strstr(logged(), "AB1203"), "%s", logged());
    stand_file("good\n");
    run_until_ended(2);
    unlink(stand.path);
    credentials_check_files(&stand.worker);
    credentials_view(&stand.worker.holders[0], &credential);
    cr_expect(slice_is(credential.id, "good"));
    cr_expect(strstr(logged(), "AB1203"), "%s", logged());
}

Test(chain_fetch, refused_keys_are_not_kept_when_no_others_can_be_had)
{
    stand_file("one");
    oidc();
    stand_start();
    run_until_other("");
    char first[128];
    strcpy(first, chain()->keys.id);
    stand_fault("status_before:api=sts,status=503,count=1");
    credentials_fetch(&stand.worker, 0, true);      /* as after a reply that refused them */
    while (stand.worker.holders[0].chain_busy)
        event_base_loop(stand.worker.base, EVLOOP_ONCE);
    cr_expect(told("credential not had"), "%s", stand.told);
    run_until_other(first);
    cr_expect(told("credential ready"), "%s", stand.told);
    cr_expect_not(stand.worker.holders[0].refused);
}
