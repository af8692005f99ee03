# Completion of interconnectd in bash, with or without the package bash-completion.

_interconnectd() {
    local rest=${COMP_LINE:0:COMP_POINT} i part glued word
    local -a words=()
    COMPREPLY=()
    # COMP_WORDS are parted at '@', ':' and '=' too: those with no blank between are one.
    for ((i = 0; i <= COMP_CWORD; i++)); do
        part=${COMP_WORDS[i]} glued=yes
        while [[ $rest == [[:blank:]]* ]]; do
            rest=${rest:1} glued=
        done
        ((i == COMP_CWORD && ${#part} > ${#rest})) && part=$rest # up to the cursor
        rest=${rest#"$part"}
        if [[ $glued && ${#words[@]} -gt 0 ]]; then
            words[-1]+=$part
        else
            words+=("$part")
        fi
    done
    words=("${words[@]//[\\\"\']/}")
    # Bash puts a candidate in the place of $2, which is not all of the word after an '@'.
    local before=${words[-1]%"$2"}
    while IFS=$'\t' read -r word _; do
        case $word in
        :files) compopt -o default ;;
        :dirs) compopt -o dirnames ;;
        "$before"*) COMPREPLY+=("${word#"$before"}") ;;
        esac
    done < <("${1/#\~/$HOME}" __complete -- "${words[@]:1}" 2>/dev/null)
}

complete -F _interconnectd interconnectd
