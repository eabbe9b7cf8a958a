# Reads test reports (trx) and prints, for each class of tests, its tests' number and the sum of their times, the longest first. Classes run side by side, so the
# sums are more than the run took.
/<UnitTestResult / {
    match($0, /testName="[^"(]*/)
    name = substr($0, RSTART + 10, RLENGTH - 10)
    sub(/\.[^.]*$/, "", name)
    sub(/^Cameo\.Tests\./, "", name)
    match($0, /duration="[^"]*/)
    split(substr($0, RSTART + 10, RLENGTH - 10), time, ":")
    seconds[name] += time[1] * 3600 + time[2] * 60 + time[3]
    count[name]++
}
END {
    printf "%8s %6s  %s\n", "seconds", "tests", "class"
    fflush()
    for (name in seconds) {
        printf "%8.1f %6d  %s\n", seconds[name], count[name], name | "sort -rn"
    }
    close("sort -rn")
}
