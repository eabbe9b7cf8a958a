# Reads test reports (trx) and prints the skipped tests with their reasons.
/<UnitTestResult / {
    skipped = /outcome="NotExecuted"/
    match($0, /testName="[^"]*/)
    name = substr($0, RSTART + 10, RLENGTH - 10)
    sub(/^Cameo\.Tests\./, "", name)
}
skipped && /<Message>/ {
    reason = $0
    sub(/.*<Message>/, "", reason)
    sub(/<\/Message>.*/, "", reason)
    report(name ": " reason)
    skipped = 0
}
END { if (!found) print "none" }

function report(line) {
    gsub(/&quot;/, "\"", line)
    gsub(/&lt;/, "<", line)
    gsub(/&gt;/, ">", line)
    gsub(/&apos;|&#39;/, "'", line)
    gsub(/&amp;/, "\\&", line)
    print line
    found = 1
}
