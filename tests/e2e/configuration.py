"""configuration.py: the configuration of a world's workers."""

import copy

from servers import free_port

SESSION_MS = 2000
POLICIES = {"rate_limit": "100000/s", "call_timeout": "2s", "claim_lease": "6s"}
ROUTES = [
    {
        "name": "soar",
        "when": {"kinds": ["incident.generated", "alert.generated", "incident.updated"]},
        "to": "soar-prod",
    },
    {"name": "portal", "when": {"kinds": ["notice"]}, "to": "portal"},
]


def soar_target(world, changes):
    return {
        "name": "soar-prod",
        "kind": "soar",
        "endpoint": f"http://{world.sim.listen}",
        "playbook_uuid": "c5c88b5e-97ca-435d-8c20-000000000000",
        "node_name": "notify_message",
        "component_name": "NotifyMessage",
        "action_name": "notifyByMessageCenter",
        "credentials": {"access_key_id_file": world.secrets["ak"], "access_key_secret_file": world.secrets["sk"]},
        "concurrency": 16,
        **POLICIES,
        **changes,
    }


def portal_target(world, changes):
    return {
        "name": "portal",
        "kind": "notice",
        "endpoint": f"http://{world.sim.listen}",
        "org_id": "o1",
        "app_name": {"default": "SOC"},
        "message_id_prefix": "ab-",
        "concurrency": 4,
        "credentials": {"app_key_file": world.secrets["apk"], "app_secret_file": world.secrets["aps"]},
        **POLICIES,
        **changes,
    }


def configuration(world, soar, notice):
    """Of everything that the world owns; `soar` and `notice` are laid over its two targets."""
    return {
        "kafka": {
            "brokers": world.kafka.brokers,
            "group": world.group,
            "properties": {"session.timeout.ms": str(SESSION_MS), "heartbeat.interval.ms": "500"},
        },
        "redis": {"url": world.redis.url, "prefix": world.name},
        "sources": [{"name": "alerts", "topics": [world.topic]}],
        "targets": [soar_target(world, soar), portal_target(world, notice)],
        "routes": copy.deepcopy(ROUTES),
        "dead_letter": {"topic": world.dead},
        "admin": {"listen": f"127.0.0.1:{free_port()}"},
        "shutdown": {"drain": "10s"},
        "log": {"level": "info", "format": "json"},
    }


def laid_over(config, sections):
    """The configuration with those sections: mappings are merged at their first level, everything else is replaced."""
    merged = dict(config)
    for name, section in sections.items():
        both = isinstance(config.get(name), dict) and isinstance(section, dict)
        merged[name] = config[name] | section if both else section
    return merged
