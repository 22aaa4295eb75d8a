module agentcontainers.dev/micro-vm

go 1.19
