#compdef interconnectd
# Completion of interconnectd in zsh.

_interconnectd() {
    local line word
    local -a candidates
    for line in "${(@f)$("${(Q)words[1]/#\~/$HOME}" __complete -- "${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null)}"; do
        case $line in
        (:files) _files ;;
        (:dirs) _files -/ ;;
        (?*)
            word=${line%%$'\t'*}
            # A colon parts the word from what it means.
            candidates+=("${word//:/\\:}${${line#$word}/$'\t'/:}")
            ;;
        esac
    done
    (( $#candidates )) && _describe -V interconnectd candidates
}

if [[ $funcstack[1] == _interconnectd ]]; then
    _interconnectd "$@" # read from a folder of $fpath when it was called
else
    compdef _interconnectd interconnectd
fi
