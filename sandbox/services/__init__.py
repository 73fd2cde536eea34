'''AWS services that MiniStack lacks or does differently, one module or package a service.

How to add a service
--------------------
Write `sandbox/services/<service>.py` with one subclass of `Service`; nothing else has to be told,
`registry.discover` finds it:

    from sandbox.protocol.errors import ServiceError
    from sandbox.protocol.wire import Json
    from sandbox.services.base import Call, Service

    class Support(Service):
        """AWS Support: cases."""

        name = "support"                  # boto3's name: selects botocore's service model

        def create_case(self, call: Call, request: Json) -> Json:
            case_id = f"case-{call.account_id}-{len(self.table(call, 'cases'))}"
            self.table(call, "cases")[case_id] = {**request, "opened_at": call.now()}
            return {"caseId": case_id}

        async def describe_cases(self, call: Call, request: Json) -> Json: ...

- A method per operation, boto3's spelling, plain or `async`. `request` and the answer are dicts of
  the model's member names; blobs are bytes, timestamps aware datetimes (epoch seconds are taken in
  answers). Required members, enums, lengths, ranges and patterns of the request are checked before
  the method is called; a member the model lacks, in the request or the answer, is an error.
- Failures: `raise ServiceError("ResourceNotFoundException", "message", status=400)`.
- Plain methods run on the event loop and must be quick; blocking work goes through
  `asyncio.to_thread` in an async method.
- State: `self.table(call, "name")`, a dict per account and region that survives a restart (see
  `sandbox.store` for what it can hold). It is on disk before a writing operation is answered, but
  for the operations named in `data_operations` (high-rate writes), which the periodic save covers.
- An operation without a method: `UnknownOperationException`, or MiniStack's answer when
  `passes_on = True`.
- `only_region`: the one region that has an endpoint, for global services.
- Background work: `async def start(self)` (after state is loaded) and `async def stop(self)`;
  `self.spawn(coroutine, "name")` makes a task that is cancelled at stop, its failure logged.
  `async def reset(self)` forgets what is not in tables.
- Calls of other services, in this process and without a socket, with real parameters and answers:
  `await self.host.aws(call.region).invoke("s3", "PutObject", Bucket=..., Key=..., Body=...)`;
  failures are `ServiceError`s. Faults and the request log do not see these calls, as a service's
  internal traffic is not the account's.
- `self.host` also has `endpoint_url`, `home` (directories), `account_id` and `environment(region)`
  (AWS_* variables for child processes); `self.host.children` starts processes that die with the
  server.
'''
