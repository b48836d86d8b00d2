"""commands.py: check, explain, demo and produce through the binary, and the simulators under the vendor's SDK."""

import json
import os
import pathlib
import re
import subprocess
import sys

from servers import expect, wait_until
from world import World

HERE = pathlib.Path(__file__).resolve().parent
GOOD = """\
kafka:
  brokers: 127.0.0.1:9092
  group: alertbridge
redis:
  url: redis://127.0.0.1:6379/0
sources:
  - name: alerts
    topics: [sec.alerts]
targets:
  - name: soar-prod
    kind: soar
    endpoint: https://sophonsoar.ap-southeast-1.aliyuncs.com
    playbook_uuid: c5c88b5e-97ca-435d-8c20-000000000000
    node_name: notify_message
    component_name: NotifyMessage
    action_name: notifyByMessageCenter
    credentials: {access_key_id_file: @ak, access_key_secret_file: @sk}
    concurrency: 16
    retry: {base: 200ms}
  - name: portal
    kind: notice
    endpoint: https://apigw.example.com
    org_id: o1
    app_name: {default: SOC}
    message_id_prefix: ab-
    credentials: {app_key_file: @apk, app_secret_file: @aps}
routes:
  - {name: soar, when: {kinds: [incident.generated, alert.generated, incident.updated]}, to: soar-prod}
  - {name: portal, when: {kinds: [notice]}, to: portal}
dead_letter: {topic: sec.alerts.dlq}
"""

# (what, text of the good one, text instead, line:column, path, what is told: the fact and the remedy)
BROKEN = (
    (
        "unknown key",
        "    concurrency: 16",
        "    concurency: 16",
        "18:5",
        "targets[0].concurency",
        'unknown key "concurency".*did you mean "concurrency"',
    ),
    (
        "wrong type",
        "concurrency: 16",
        "concurrency: many",
        "18:18",
        "targets[0].concurrency",
        '"many" is not a whole number; ',
    ),
    (
        "unknown target",
        "to: soar-prod}",
        "to: soar-prd}",
        "28:94",
        "routes[0].to",
        'unknown target "soar-prd".*did you mean "soar-prod"',
    ),
    (
        "bad duration",
        "base: 200ms",
        "base: 200 ms",
        "19:19",
        "targets[0].retry.base",
        '"200 ms" is not a duration such as .*; ',
    ),
    (
        "missing secret file",
        "@apk",
        "/none/here",
        "26:33",
        "targets[1].credentials.app_key_file",
        "does not exist; create it",
    ),
    (
        "unset variable",
        "group: alertbridge",
        "group: ${E2E_NO_SUCH_VARIABLE}",
        "3:10",
        "kafka.group",
        r"E2E_NO_SUCH_VARIABLE is not set; .*\$\{E2E_NO_SUCH_VARIABLE:-",
    ),
    (
        "duplicate key",
        "    concurrency: 16",
        "    concurrency: 16\n    concurrency: 8",
        "19:5",
        "concurrency",
        "twice; .*line 18",
    ),
    (
        "bad librdkafka property",
        "  group: alertbridge",
        "  group: alertbridge\n  properties: {no.such.property: 1}",
        "4:34",
        "kafka.properties.no.such.property",
        "librdkafka refuses it.*; see https://",
    ),
    (
        "plain http to another host",
        "https://apigw",
        "http://apigw",
        "22:15",
        "targets[1].endpoint",
        "plain http to apigw.example.com.*allow_plain_http: true",
    ),
    (
        "no route",
        GOOD[GOOD.index("routes:") : GOOD.index("dead_letter")],
        "routes: []\n",
        "27:9|27:1",
        "routes",
        "at least one .*required; add one",
    ),
)


def run(binary, *arguments, text=None, env=None, seconds=30):
    told = subprocess.run(
        [binary, *arguments],
        input=text,
        capture_output=True,
        text=True,
        timeout=seconds,
        env=os.environ | {"NO_COLOR": "1"} | (env or {}),
    )
    return told.returncode, told.stdout, told.stderr


def write_config(folder, text):
    for secret in ("ak", "sk", "apk", "aps"):
        path = folder / secret
        if not path.exists():
            path.write_text(f"secret-of-{secret}")
            path.chmod(0o600)
    for secret in ("apk", "aps", "ak", "sk"):
        text = text.replace("@" + secret, str(folder / secret))
    (folder / "bridge.yaml").write_text(text)
    return folder / "bridge.yaml"


def check(servers, name):
    folder = servers.folder / name
    folder.mkdir()
    good = write_config(folder, GOOD)
    code, out, errors = run(servers.binary, "check", "-c", good)
    expect(code == 0 and out.startswith("ok"), f"the good one: exit {code}\n{out}{errors}")
    wrong = []
    for what, old, new, place, path, told in BROKEN:
        expect(GOOD.count(old) == 1, f"{what}: the text to break stands {GOOD.count(old)} times")
        broken = write_config(folder, GOOD.replace(old, new))
        pattern = rf"^{re.escape(str(broken))}:(?:{place}): {re.escape(path)}: .*{told}"
        for command in ("check", "run"):
            code, out, errors = run(servers.binary, command, "-c", broken)
            if code != 78 or not re.search(pattern, errors, re.M):
                wrong.append(f"{command}, {what}: exit {code}, wanted /{pattern}/ in:\n{errors}")
            elif not re.search(r"^ *\d+ \| .*\n *\| *\^", errors, re.M):
                wrong.append(f"{command}, {what}: no caret under the line:\n{errors}")
    everything = (
        GOOD.replace("    concurrency: 16", "    concurency: 16")
        .replace("base: 200ms", "base: soon")
        .replace("[notice]", "[notise]")
    )
    code, out, errors = run(servers.binary, "check", "-c", write_config(folder, everything), "--output", "json")
    problems = json.loads(out)["problems"]
    if code != 78 or [p["line"] for p in problems if p["severity"] == "error"] != [18, 19, 29]:
        wrong.append(f"three at once as JSON: exit {code}\n{out}")
    expect(not wrong, f"{len(wrong)} differ\n" + "\n".join(wrong))
    return f"{len(BROKEN)} broken configurations told with place and remedy by check and run, exit 78; three as JSON"


def explain(servers, name):
    """What explain shows is what the backend gets, and it sends nothing itself."""
    with World(servers, name, partitions=1) as world:
        path = world.folder / "explain.yaml"
        path.write_text(json.dumps(world.config()))
        event = {
            "v": 1,
            "id": "x-1",
            "kind": "notice",
            "title": "a \u4e2d",
            "body": {"default": "b"},
            "url": "https://a.example/?q=1",
        }
        code, out, errors = run(servers.binary, "explain", "-c", path, "-", "--output", "json", text=json.dumps(event))
        expect(code == 0, f"explain: exit {code}\n{out}{errors}")
        shown = json.loads(out)
        request = shown["requests"][0]
        message = json.loads(request["body"])["messages"][0]
        expect(
            (message["messageId"], message["header"]["defaultValue"], message["url"])
            == ("ab-x-1", "a \u4e2d", event["url"]),
            f"the message shown is {message}",
        )
        expect(
            shown["events"][0]["deliveries"][0]["claim_key"] == f"{name}:d:portal:x-1",
            f"claim key: {shown['events'][0]['deliveries']}",
        )
        expect("appsecret" not in out and "testsecret" not in out, "a secret is shown")
        code, out, errors = run(servers.binary, "explain", "-c", path, "-", text='{"v":1')
        expect(code == 65 and "bad_input.syntax" in out, f"a broken event: exit {code}\n{out}{errors}")
        code, out, errors = run(servers.binary, "explain", "-c", path, world.folder / "none.json")
        expect(code == 66, f"no such file: exit {code}\n{out}{errors}")
        asked = world.sim.stats()
        expect(sum(asked[api]["requests"] for api in ("soar", "notice", "token")) == 0, f"explain sent something: {asked}")
        return "the request of a notice, exits 0, 65 and 66, nothing sent, no secret shown"


def produce(servers, name, count=2000):
    """Sample events of the binary itself, in each format, delivered by the worker."""
    with World(servers, name) as world:
        made = 0
        for form in ("json", "msgpack", "cloudevents"):
            code, out, errors = run(
                servers.binary,
                "produce",
                "--brokers",
                world.kafka.brokers,
                "--topic",
                world.topic,
                "--events",
                str(count),
                "--format",
                form,
                "--duplicates",
                "10%",
                "--seed",
                str(len(form)),
                seconds=60,
            )
            expect(code == 0, f"produce {form}: exit {code}\n{out}{errors}")
            made += count
        written = sum(world.ends())
        expect(written >= made, f"{written} records of {made} events")
        worker = world.worker()
        world.all_committed(60)
        wait_until("nothing is in flight", lambda: worker.metric("alertbridge_deliveries_inflight") == 0, 10)
        ended = {
            outcome: worker.metric("alertbridge_deliveries_terminal_total", f'outcome="{outcome}"')
            for outcome in ("delivered", "duplicate", "parked", "dropped", "abandoned")
        }
        expect(ended["parked"] + ended["dropped"] + ended["abandoned"] == 0, f"samples that were not delivered: {ended}")
        expect(ended["delivered"] + ended["duplicate"] == written, f"{written} written, ended {ended}")
        expect(
            0.05 * written < ended["duplicate"] < 0.2 * written, f"{ended['duplicate']:.0f} duplicates of {written} at 10 %"
        )
        world.never_doubled(soar=False)  # samples may share an incident
        repeated = world.sim.stats()["soar"]["repeated"]
        expect(repeated == 0, f"{repeated} contents were carried out twice at SOAR")
        worker.leave()
        return f"{written} records, {ended['delivered']:.0f} delivered, {ended['duplicate']:.0f} duplicates"


def demo(servers, name):
    """A balanced run, one whose lost calls are found and named, one without redis-server, one that is interrupted."""
    told = subprocess.run([HERE / "test_demo.sh", servers.binary], capture_output=True, text=True, timeout=300)
    ran = re.search(r"^(\d+) passed, 0 failed$", told.stdout, re.M)
    expect(told.returncode == 0 and ran and int(ran.group(1)) > 0, f"exit {told.returncode}\n{told.stdout}{told.stderr[-1500:]}")
    balance = re.search(r"produced .*", told.stdout)
    return f"{ran.group(1)} checks; {balance.group() if balance else 'no balance'}"


def sdk(servers, name):
    """The vendor's SDK is accepted with the right keys and refused with wrong ones: an oracle that nobody here wrote."""
    told = subprocess.run([HERE / "sdk_test.sh", servers.binary], capture_output=True, text=True, timeout=300)
    ran = re.search(r"^Ran (\d+) tests? in", told.stderr, re.M)
    expect(
        told.returncode == 0 and ran and int(ran.group(1)) > 0,
        f"exit {told.returncode}\n{told.stderr[-2500:]}{told.stdout[-500:]}",
    )
    return f"{ran.group(1)} tests of the vendor's SDK"


def sim(servers, name):
    """How the simulators end connections, seen from a plain socket."""
    told = subprocess.run([sys.executable, HERE / "sim_test.py", servers.binary], capture_output=True, text=True, timeout=300)
    ran = re.search(r"^Ran (\d+) tests? in", told.stderr, re.M)
    expect(told.returncode == 0 and ran and int(ran.group(1)) > 0, f"exit {told.returncode}\n{told.stderr[-2500:]}")
    return f"{ran.group(1)} tests of the simulators' connections"


FULL = {"check": check, "explain": explain, "produce": produce, "demo": demo, "sdk": sdk, "sim": sim}
QUICK = {"check": check}
