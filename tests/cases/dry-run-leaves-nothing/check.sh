[ "$(ls -A | sort | tr '\n' ' ')" = "cmd graph.yaml " ]
[ ! -e "$XDG_STATE_HOME" ]
"$SLUICE" run graph.yaml --dry-run --format json |
    grep -q '"dry_run":true,"would":\[{"exporter":"sqlite","action":"add","rows":2,"target":"table '"'paid'"' of out.db"},'
[ "$(ls -A | sort | tr '\n' ' ')" = "cmd graph.yaml " ]
