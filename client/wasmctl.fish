# fish completion for wasmctl(1). The words come from wasmctl itself, whose
# tables of options they are: lines of "word<TAB>argument<TAB>help".

function __wasmctl_words
    $argv[1] __complete $argv[2..] 2>/dev/null |
        string replace -r '\t[^\t]*\t' '\t'
end

# What the option takes, nothing for nothing or no such option.
function __wasmctl_argument --argument-names program verb option
    for line in ($program __complete $verb 2>/dev/null)
        set -l row (string split \t -- $line)
        test "$row[1]" = "$option"; and echo $row[2]
    end
end

function __wasmctl_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    if contains -- "$words[2]" -H --host
        test (count $words) -gt 2; or return
        set -e words[2..3]
    end
    if test (count $words) -eq 1
        __wasmctl_words $words[1]
        return
    end
    # Options end at the first word that is none.
    set -l i 3
    while test $i -le (count $words)
        if not string match -q -- '-*' $words[$i]
            __fish_complete_path $current
            return
        end
        set -l argument (__wasmctl_argument $words[1..2] $words[$i])
        # One that may be left out is part of the option's word.
        if test -n "$argument"; and not string match -q -- '[*' $argument
            set i (math $i + 1)
            if test $i -gt (count $words)
                switch $argument
                    case FILE PATH
                        __fish_complete_path $current
                    case 'NAME=FILE'
                        set -l name (string match -r '^[^=]+=' -- $current)
                        and __fish_complete_path (string replace -- \
                            $name '' $current) | string replace -r '^' -- $name
                    case 'HOST*'
                        __fish_complete_directories $current
                end
                return
            end
        end
        set i (math $i + 1)
    end
    if test "$words[2]" = help
        __wasmctl_words $words[1]
    else if string match -q -- '-*' $current
        __wasmctl_words $words[1..2]
    else
        __fish_complete_path $current
    end
end

complete -c wasmctl -f -a '(__wasmctl_complete)'
