# What somebody else added after a run that ended in order is not cut off.
printf 'by hand,1\n' >>out.csv
printf '5,50\n' >>in.csv
"$SLUICE" run -q graph.yaml
printf 'id,amount\n1,10\n2,20\n3,30\n4,40\nby hand,1\n5,50\n' | diff - out.csv
