test "$(ls -A | tr '\n' ' ')" = 'graph.yaml out.txt '
