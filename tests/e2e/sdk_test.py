"""sdk_test.py: the vendor's own SDK against `alertbridge sim`: an oracle for the signature that nobody here wrote.

Usage: sdk_test.py path/to/alertbridge   (run by sdk_test.sh in a virtual environment with alibabacloud-sophonsoar20220728==4.0.2)
"""

import json
import os
import subprocess
import sys
import unittest
import urllib.parse
import urllib.request

for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"):
    os.environ.pop(name, None)      # the SDK would send loopback requests there

from alibabacloud_sophonsoar20220728 import models  # noqa: E402
from alibabacloud_sophonsoar20220728.client import Client  # noqa: E402
from alibabacloud_tea_openapi.utils_models import Config  # noqa: E402
from darabonba.policy.retry import RetryOptions  # noqa: E402
from darabonba.runtime import RuntimeOptions  # noqa: E402

BINARY = sys.argv.pop(1) if len(sys.argv) > 1 else "build/dev/alertbridge"
PARAMS = '{"startTime":"2026-01-02 03:04:05","incidentName":"a b*c~\u4e2d+%&=","incidentID":"i-1"}'


def fetch(url, data=None):
    with urllib.request.urlopen(url, data=data, timeout=10) as reply:
        return reply.read().decode()


class SdkTest(unittest.TestCase):
    def setUp(self):
        self.sim = subprocess.Popen([BINARY, "sim", "--listen", "127.0.0.1:0", "--control", "127.0.0.1:0",
                                     "--access-key", "testid:testsecret", "--access-key", "tempid:tempsecret:ststoken"],
                                    stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        addresses = json.loads(self.sim.stdout.readline())
        self.listen, self.control = addresses["listen"], "http://" + addresses["control"]

    def tearDown(self):
        self.sim.terminate()
        _, summary = self.sim.communicate(timeout=10)
        self.assertEqual(self.sim.returncode, 0, summary)
        self.assertIn("executions", summary)

    def client(self, key="testid", secret="testsecret", token=None, retry=None):
        config = Config(access_key_id=key, access_key_secret=secret, security_token=token, region_id="ap-southeast-1",
                        endpoint=self.listen, protocol="http")
        config.retry_options = retry
        return Client(config)

    def send(self, client, **changes):
        values = dict(action_name="notifyByMessageCenter", aliuid="1467890000733152", channel_type_list=["sms", "email"],
                      component_name="NotifyMessage", event_id="yundun_soar_incident_generate", lang="en",
                      node_name="notify_message", params=PARAMS, playbook_uuid="c5c88b5e-97ca-435d-8c20-000000000000",
                      role_for=1467894000733152, role_type="0")
        values.update(changes)
        request = models.RunNotifyComponentWithMessageCenterRequest(**values)
        return client.run_notify_component_with_message_center_with_options(request, RuntimeOptions())

    def refused(self, client, **changes):
        with self.assertRaises(Exception) as caught:
            self.send(client, **changes)
        return caught.exception

    def ledger(self):
        return [json.loads(line) for line in fetch(self.control + "/ledger").splitlines()]

    def test_the_right_key_is_accepted(self):
        reply = self.send(self.client())
        self.assertEqual(reply.status_code, 200)
        self.assertEqual(reply.body.data, "{}")
        self.assertRegex(reply.body.request_id, "^[0-9A-F-]{36}$")
        (sent,) = self.ledger()
        self.assertEqual((sent["subject"], sent["name"], sent["user"]), ("i-1", "a b*c~\u4e2d+%&=", "1467890000733152"))
        self.assertEqual(sent["params"], PARAMS)

    def test_a_security_token_is_accepted_and_checked(self):
        self.assertEqual(self.send(self.client("tempid", "tempsecret", "ststoken")).status_code, 200)
        self.assertEqual(self.refused(self.client("tempid", "tempsecret", "other")).code,
                         "InvalidSecurityToken.MismatchWithAccessKey")
        self.assertEqual(self.refused(self.client("tempid", "tempsecret")).code, "MissingSecurityToken")

    def test_credentials_from_sts_are_accepted(self):
        form = urllib.parse.urlencode({"RoleArn": "acs:ram::1:role/r", "OIDCProviderArn": "acs:ram::1:oidc-provider/p",
                                       "OIDCToken": "token", "RoleSessionName": "session", "DurationSeconds": "3600"})
        url = "http://" + self.listen + "/?Action=AssumeRoleWithOIDC&Version=2015-04-01&Format=JSON"
        made = json.loads(fetch(url, form.encode()))["Credentials"]
        client = self.client(made["AccessKeyId"], made["AccessKeySecret"], made["SecurityToken"])
        self.assertEqual(self.send(client).status_code, 200)

    def test_a_wrong_secret_is_refused(self):
        error = self.refused(self.client(secret="wrong"))
        self.assertEqual((error.code, error.status_code), ("SignatureDoesNotMatch", 400))
        self.assertEqual(self.ledger(), [])

    def test_an_unknown_key_and_a_bad_event_are_refused(self):
        self.assertEqual(self.refused(self.client(key="nobody")).code, "InvalidAccessKeyId.NotFound")
        self.assertEqual(self.refused(self.client(), event_id="other").code, "InvalidEventId")

    def test_throttling_is_seen_as_such(self):
        fetch(self.control + "/faults", b'{"kind":"throttle","retry_after":300,"count":1}')
        error = self.refused(self.client())
        self.assertEqual(type(error).__name__, "ThrottlingException")
        self.assertEqual((error.code, error.retry_after), ("Throttling.User", 300))

    def test_retries_bring_a_new_nonce_each(self):
        fetch(self.control + "/faults", b'{"kind":"throttle","retry_after":10,"count":2}')
        retry = RetryOptions({"retryable": True, "retryCondition": [
            {"maxAttempts": 3, "exception": ["ThrottlingException"], "errorCode": ["Throttling.User"]}]})
        self.assertEqual(self.send(self.client(retry=retry)).status_code, 200)
        self.assertEqual(json.loads(fetch(self.control + "/stats"))["faults_fired"], {"throttle": 2})

    def test_a_missing_permission_comes_with_its_detail(self):
        fetch(self.control + "/knobs", b'{"permission":"deny"}')
        error = self.refused(self.client())
        self.assertEqual((error.code, error.status_code), ("NoPermission", 403))
        self.assertEqual(error.access_denied_detail["AuthAction"], "yundun-sas:RunNotifyComponentWithMessageCenter")

    def test_playbooks_are_described(self):
        request = models.DescribePlaybooksRequest(playbook_uuid="uuid-1")
        playbooks = self.client().describe_playbooks_with_options(request, RuntimeOptions()).body.playbooks
        self.assertEqual([(p.playbook_uuid, p.active) for p in playbooks], [("uuid-1", 1)])


if __name__ == "__main__":
    unittest.main(verbosity=2)
