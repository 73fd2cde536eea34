"""The front door: anycast edge and load balancers of the sandbox, as a process of its own.

`http://127.0.0.1:PORT/{dns_name}/path` stands for `https://{dns_name}/path` in AWS. The name of an
accelerator is routed as Global Accelerator and then the load balancer would (`routing`); the name
of a load balancer goes straight to its targets. `proxy` carries the bytes; the routing table comes
from the server, which pushes every change within a fraction of a second.
"""
