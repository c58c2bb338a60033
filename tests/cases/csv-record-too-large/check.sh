grep -q "^csv,\"the record in lines 3 to 4 has 140006 bytes, a batch holds [0-9]*: raise batch.bytes\",,in.csv,2,3," bad.csv
