"""How the processes of a cluster log: one JSON document a line, as the service's log events are.

The files are bounded: two of ten megabytes a process.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

_FIELDS: Final = {
    "locationInformation": "%enc{%logger}{JSON}",
    "logger": "%enc{%logger}{JSON}",
    "message": "%enc{%message}{JSON}",
    "threadName": "%enc{%thread}{JSON}",
    "throwableInformation": "%enc{%throwable}{JSON}",
    "messageSchemaVersion": "1",
    "messageType": "%level",
}
_FILE_SIZE: Final = "10 MB"
_QUIET_LOGGERS: Final = ("org.apache.pekko", "org.apache.kafka", "org.apache.zookeeper")


def log4j_properties(level: str) -> str:
    """Log4j's configuration file for one `LogLevel`; the file is named by `-Dlog.file`."""
    fields = ",".join(f'"{name}":"{pattern}"' for name, pattern in _FIELDS.items())
    pattern = f'{{"timestamp":%d{{UNIX_MILLIS}},{fields}}}%n'
    settings = {
        "rootLogger.level": level,
        "rootLogger.appenderRef.file.ref": "File",
        "appender.file.name": "File",
        "appender.file.type": "RollingFile",
        "appender.file.fileName": "${sys:log.file}",
        "appender.file.filePattern": "${sys:log.file}.1",
        "appender.file.layout.type": "PatternLayout",
        # Without it Log4j adds the stack trace again, as plain lines.
        "appender.file.layout.alwaysWriteExceptions": "false",
        "appender.file.layout.pattern": pattern,
        "appender.file.policies.type": "Policies",
        "appender.file.policies.size.type": "SizeBasedTriggeringPolicy",
        "appender.file.policies.size.size": _FILE_SIZE,
        "appender.file.strategy.type": "DefaultRolloverStrategy",
        "appender.file.strategy.max": "1",
    }
    for number, logger in enumerate(_QUIET_LOGGERS):
        settings[f"logger.quiet{number}.name"] = logger
        settings[f"logger.quiet{number}.level"] = "WARN"
    return "".join(f"{name} = {value}\n" for name, value in settings.items())


def log_options(log_file: Path, configuration: Path) -> list[str]:
    """JVM options that name the log file and its configuration."""
    return [f"-Dlog.file={log_file}", f"-Dlog4j.configurationFile={configuration.as_uri()}"]


def message_of(line: str) -> str:
    """The message of a logged line, with what was thrown; the line itself when it is no JSON."""
    try:
        document = json.loads(line)
    except ValueError:
        return line
    return f"{document.get('message', '')} {document.get('throwableInformation', '')}".strip()
