test -z "$(ls -A | grep sluice)"
