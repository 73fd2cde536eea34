"""The operations of Timestream Write."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from sandbox.protocol.errors import ServiceError
from sandbox.services.base import Call, Service
from sandbox.services.timestream import access, tables

if TYPE_CHECKING:
    from sandbox.protocol.wire import Json
    from sandbox.store import Table

_DATABASES: Final = "databases"
_TABLES: Final = "tables"
_TAGS: Final = "tags"
_MOST_DATABASES: Final = 500
_MOST_TABLES: Final = 50_000
_MOST_TAGS: Final = 200
_PAGE: Final = 20
_ENDPOINT_CACHE_MINUTES: Final = 1440


def endpoints(host_url: str) -> Json:
    """The one cell there is: where the sandbox listens."""
    # AWS names a host, which SDKs reach by HTTPS; with a scheme they take the address as it is.
    return {"Endpoints": [{"Address": host_url, "CachePeriodInMinutes": _ENDPOINT_CACHE_MINUTES}]}


class TimestreamWrite(Service):
    """Databases and tables of Timestream for LiveAnalytics."""

    name: ClassVar[str] = "timestream-write"

    def describe_endpoints(self, call: Call, request: Json) -> Json:
        """Where this account's cell is."""
        del call, request
        access.check()
        return endpoints(self.host.endpoint_url)

    def _databases(self, call: Call) -> Table:
        access.check()
        return self.table(call, _DATABASES)

    def tables(self, call: Call) -> Table:
        """Tables by `database/table`."""
        access.check()
        return self.table(call, _TABLES)

    def database(self, call: Call, name: str) -> Json:
        """Record of a database; raises `ResourceNotFoundException`."""
        found: Json | None = self._databases(call).get(name)
        if found is None:
            raise _not_found(f"The database {name} does not exist.")
        return found

    def named_table(self, call: Call, database: str, name: str) -> Json:
        """Record of a table; raises `ResourceNotFoundException`."""
        self.database(call, database)
        found: Json | None = self.tables(call).get(f"{database}/{name}")
        if found is None:
            raise _not_found(f"The table {name} does not exist.")
        return found

    def create_database(self, call: Call, request: Json) -> Json:
        """Make a database."""
        databases, name = self._databases(call), request["DatabaseName"]
        tables.check_name(name, "Database")
        if name in databases:
            raise ServiceError("ConflictException", f"The database {name} already exists.")
        if len(databases) >= _MOST_DATABASES:
            raise _quota(f"The limit is {_MOST_DATABASES} databases.")
        database = databases[name] = tables.new_database(call, request)
        self._tag(call, database["Arn"], request.get("Tags", []))
        return {"Database": self._described(call, database)}

    def _described(self, call: Call, database: Json) -> Json:
        prefix = f"{database['DatabaseName']}/"
        count = sum(1 for key in self.tables(call) if key.startswith(prefix))
        return {**database, "TableCount": count}

    def describe_database(self, call: Call, request: Json) -> Json:
        """A database and how many tables it has."""
        return {"Database": self._described(call, self.database(call, request["DatabaseName"]))}

    def list_databases(self, call: Call, request: Json) -> Json:
        """Databases by name."""
        databases = self._databases(call)
        names, token = _page(sorted(databases), request)
        shown = [self._described(call, databases[name]) for name in names]
        return {"Databases": shown, "NextToken": token}

    def update_database(self, call: Call, request: Json) -> Json:
        """Encrypt with another key from now on."""
        database = self.database(call, request["DatabaseName"])
        database["KmsKeyId"] = request["KmsKeyId"]
        database["LastUpdatedTime"] = call.now()
        return {"Database": self._described(call, database)}

    def delete_database(self, call: Call, request: Json) -> Json:
        """Delete a database that has no tables."""
        database = self.database(call, request["DatabaseName"])
        if self._described(call, database)["TableCount"]:
            raise ServiceError(
                "ValidationException",
                f"The database {database['DatabaseName']} is not empty; delete its tables first.",
            )
        del self._databases(call)[database["DatabaseName"]]
        self.table(call, _TAGS).pop(database["Arn"], None)
        return {}

    def create_table(self, call: Call, request: Json) -> Json:
        """Make a table, ACTIVE."""
        every, name = self.tables(call), request["TableName"]
        key = f"{request['DatabaseName']}/{name}"
        self.database(call, request["DatabaseName"])
        tables.check_name(name, "Table")
        if key in every:
            raise ServiceError("ConflictException", f"The table {name} already exists.")
        if len(every) >= _MOST_TABLES:
            raise _quota(f"The limit is {_MOST_TABLES} tables.")
        table = every[key] = tables.new_table(call, request)
        self._tag(call, table["Arn"], request.get("Tags", []))
        return {"Table": table}

    def describe_table(self, call: Call, request: Json) -> Json:
        """A table."""
        return {"Table": self.named_table(call, request["DatabaseName"], request["TableName"])}

    def list_tables(self, call: Call, request: Json) -> Json:
        """Tables of a database, or all, by name."""
        every, database = self.tables(call), request.get("DatabaseName")
        if database is not None:
            self.database(call, database)
        keys = sorted(key for key in every if database is None or key.startswith(f"{database}/"))
        shown, token = _page(keys, request)
        return {"Tables": [every[key] for key in shown], "NextToken": token}

    def update_table(self, call: Call, request: Json) -> Json:
        """Change retention, magnetic store writes or enforcement of the partition key."""
        table = self.named_table(call, request["DatabaseName"], request["TableName"])
        tables.update_table(table, request, call.now())
        return {"Table": table}

    def delete_table(self, call: Call, request: Json) -> Json:
        """Delete a table with its rows."""
        table = self.named_table(call, request["DatabaseName"], request["TableName"])
        del self.tables(call)[f"{table['DatabaseName']}/{table['TableName']}"]
        self.table(call, _TAGS).pop(table["Arn"], None)
        return {}

    def tag_resource(self, call: Call, request: Json) -> Json:
        """Add or replace tags of a database or table."""
        arn = self._existing(call, request["ResourceARN"])
        self._tag(call, arn, request["Tags"])
        return {}

    def untag_resource(self, call: Call, request: Json) -> Json:
        """Remove tags; keys that are not there are ignored."""
        tags = self._tags(call, self._existing(call, request["ResourceARN"]))
        for key in request["TagKeys"]:
            tags.pop(key, None)
        return {}

    def list_tags_for_resource(self, call: Call, request: Json) -> Json:
        """Tags of a database or table."""
        tags = self._tags(call, self._existing(call, request["ResourceARN"]))
        return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}

    def _existing(self, call: Call, arn: str) -> str:
        every = (*self._databases(call).values(), *self.tables(call).values())
        if not any(record["Arn"] == arn for record in every):
            raise _not_found(f"The resource {arn} does not exist.")
        return arn

    def _tags(self, call: Call, arn: str) -> dict[str, str]:
        tags: dict[str, str] = self.table(call, _TAGS).setdefault(arn, {})
        return tags

    def _tag(self, call: Call, arn: str, pairs: list[Json]) -> None:
        tags = self._tags(call, arn)
        added = {pair["Key"]: pair["Value"] for pair in pairs}
        if len(tags.keys() | added.keys()) > _MOST_TAGS:
            raise _quota(f"The limit is {_MOST_TAGS} tags.")
        tags.update(added)


def _page(keys: list[str], request: Json) -> tuple[list[str], str | None]:
    token, limit = request.get("NextToken"), request.get("MaxResults", _PAGE)
    if token is not None:
        if token not in keys:
            raise ServiceError("ValidationException", "The NextToken is not valid.")
        keys = keys[keys.index(token) + 1 :]
    shown = keys[:limit]
    return shown, shown[-1] if len(keys) > limit else None


def _not_found(message: str) -> ServiceError:
    return ServiceError("ResourceNotFoundException", message)


def _quota(message: str) -> ServiceError:
    return ServiceError("ServiceQuotaExceededException", message)
