"""AWS's wire protocols, read from botocore's service models.

botocore describes every operation for clients: how to write a request and read a response. This
package turns that around for a server: `requests.parse` reads a request, `validation.violations`
checks it, `responses.serialise` writes the answer, `errors.error_response` writes a failure, each
in the protocol of the service (json 1.0 and 1.1, CBOR, query, ec2, rest-json, rest-xml). A service
therefore never handles bytes, and cannot drift from AWS: a response with a member the model does
not declare, or without one it requires, is refused here.
"""
