test -L link.txt
printf "a\nb\n" | cmp - real/out.txt
