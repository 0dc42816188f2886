"""What the integration tests share: real programs, real clients, network namespaces as pods."""
