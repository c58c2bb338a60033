grep -q "^csv,'1.5' is not of type integer,b,in.csv,2,3,," bad.csv
grep -q "^csv,'yes' is not of type boolean,c,in.csv,3,4,," bad.csv
grep -q "^csv,'\[' is not of type json,d,in.csv,4,5,," bad.csv
test "$(grep -c ^csv, bad.csv)" = 3
