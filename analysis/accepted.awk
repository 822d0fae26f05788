# accepted.awk - awk -f accepted.awk LIST FINDINGS: those of the findings that LIST does not accept
#
# A line of LIST: FILE WARNING, blanks, "#", the reason. A line of FINDINGS: FILE:LINE:COLUMN: text
# [WARNING]. Status 1 when one is left over, or when a line of LIST has no reason.
FNR == NR {
    if (/^[[:space:]]*(#|$)/) next
    if (!match($0, /#[[:space:]]*[^[:space:]]/)) { print FILENAME ": no reason: " $0; failed = 1 }
    accepted[$1, $2] = 1
    next
}
{
    file = $1
    sub(/:.*/, "", file)
    warning = $NF
    gsub(/[][]/, "", warning)
    if ((file, warning) in accepted) next
    print
    failed = 1
}
END { exit failed }
