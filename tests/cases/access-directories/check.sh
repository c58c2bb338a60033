# One graph by itself reads where the other one writes.
"$SLUICE" access --format json graphs/a.yaml >json
grep -qx '{"read":\["/home/ada","/srv/db","/srv/in 2","/var/log/shop"\],"write":\["/home/ada/out","/srv/50%:a"\]}' json || { cat json; exit 1; }
