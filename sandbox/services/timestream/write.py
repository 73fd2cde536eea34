"""The operations of Timestream Write."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, ClassVar, Final

from sandbox.protocol.errors import ServiceError
from sandbox.services.base import Call, Service
from sandbox.services.timestream import access, counting, tables
from sandbox.services.timestream.engine import Engines, physical
from sandbox.services.timestream.rows import RejectedError, Row, row, window

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
    counts_requests: ClassVar[bool] = True
    data_operations: ClassVar[frozenset[str]] = frozenset({"WriteRecords"})

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.engines = Engines(lambda: self.host.home.state)

    async def stop(self) -> None:
        """Close the files that hold rows."""
        await super().stop()
        self.engines.close()

    async def reset(self) -> None:
        """Forget all rows."""
        self.engines.clear()

    def answered(
        self, call: Call, parameters: Json, seconds: float, error: ServiceError | None
    ) -> None:
        """Count the request."""
        counting.answered(self.host.metrics, call, parameters, seconds, error)

    def describe_endpoints(self, call: Call, request: Json) -> Json:
        """Where this account's cell is."""
        del call, request
        access.check()
        return endpoints(self.host.endpoint_url)

    def databases(self, call: Call) -> Table:
        """Databases by name."""
        access.check()
        return self.table(call, _DATABASES)

    def tables(self, call: Call) -> Table:
        """Tables by `database/table`."""
        access.check()
        return self.table(call, _TABLES)

    def database(self, call: Call, name: str) -> Json:
        """Record of a database; raises `ResourceNotFoundException`."""
        found: Json | None = self.databases(call).get(name)
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
        databases, name = self.databases(call), request["DatabaseName"]
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
        databases = self.databases(call)
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
        del self.databases(call)[database["DatabaseName"]]
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

    async def delete_table(self, call: Call, request: Json) -> Json:
        """Delete a table with its rows."""
        table = self.named_table(call, request["DatabaseName"], request["TableName"])
        key = physical(table["DatabaseName"], table["TableName"])
        await asyncio.to_thread(self.engines.drop, call.account_id, call.region, key)
        self.tables(call).pop(key, None)
        self.table(call, _TAGS).pop(table["Arn"], None)
        return {}

    async def write_records(self, call: Call, request: Json) -> Json:
        """Store records; the good ones stay when others are rejected."""
        names = request["DatabaseName"], request["TableName"]
        accepted = window(self.named_table(call, *names), call.now())
        rows: dict[int, Row] = {}
        rejected: dict[int, RejectedError] = {}
        for index, record in enumerate(request["Records"]):
            try:
                rows[index] = row(record, request.get("CommonAttributes", {}), accepted)
            except RejectedError as error:
                rejected[index] = error
        if rows:
            engine = self.engines.engine(call.account_id, call.region)
            rejected |= await asyncio.to_thread(engine.write, physical(*names), rows)
        refused = [rows[index] for index in rejected if index in rows]
        counting.written(
            self.host.metrics,
            call,
            request,
            records=len(rows) - len(refused),
            rejected=sum(not one.in_memory_store for one in refused),
        )
        if rejected:
            raise _rejection(rejected)
        memory = sum(one.in_memory_store for one in rows.values())
        counts = {"Total": len(rows), "MemoryStore": memory, "MagneticStore": len(rows) - memory}
        return {"RecordsIngested": counts}

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
        every = (*self.databases(call).values(), *self.tables(call).values())
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


def _rejection(rejected: dict[int, RejectedError]) -> ServiceError:
    records = [
        {
            "RecordIndex": index,
            "Reason": str(error),
            **(
                {}
                if error.existing_version is None
                else {"ExistingVersion": error.existing_version}
            ),
        }
        for index, error in sorted(rejected.items())
    ]
    return ServiceError(
        "RejectedRecordsException",
        "One or more records have been rejected. See RejectedRecords for details.",
        members={"RejectedRecords": records},
    )


def _not_found(message: str) -> ServiceError:
    return ServiceError("ResourceNotFoundException", message)


def _quota(message: str) -> ServiceError:
    return ServiceError("ServiceQuotaExceededException", message)
