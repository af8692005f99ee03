# Completion of interconnectd in fish.

function __interconnectd_complete
    set -l words (commandline -opc)
    # A quote that is not closed yet belongs to no word.
    set -l word (string trim --left --chars "\"'" -- (commandline -ct))
    for line in (command $words[1] __complete -- $words[2..-1] "$word" 2>/dev/null)
        switch $line
            case :files
                __fish_complete_path "$word"
            case :dirs
                __fish_complete_directories "$word" ''
            case '*'
                printf '%s\n' $line
        end
    end
end

complete -c interconnectd -f -k -a '(__interconnectd_complete)'
