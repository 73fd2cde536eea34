"""Real Flink clusters on this machine, one an application, as Managed Service for Apache Flink has.

`jobs` is what the control plane (`sandbox.services.kinesisanalyticsv2`) knows of it; `runner` keeps
the clusters; `cluster` is the processes of one; `settings` says how Flink is configured.

A cluster is a JobManager and a TaskManager, started as plain Java processes: Flink's own scripts
start two further JVMs to work out the memory that `settings` states. The program is submitted by
Flink's client, so that a program that fails leaves its own words and a JobManager that answers.
"""
