"""What Grafana shows and warns of, as code: dashboards, alert rules, data sources."""
