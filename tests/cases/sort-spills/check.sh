{
    echo a,b
    for i in $(seq 1 20000); do echo "row $((i * 7919 % 20011)) of many,$((i * 31 % 1009))"; done
} > in.csv
"$SLUICE" run -q graph.yaml
{ echo a,b; tail -n +2 in.csv | awk '{print length($0) - length($NF) "\t" $0}' FS=, | \
    awk -F'[\t,]' '{print $3 "," $1 "," NR "," $2}' | sort -t, -k1,1nr -k2,2n -k3,3n | \
    awk -F, '{print $4 "," $1}'; } > want.csv
cmp out.csv want.csv
