%% What a node of Erlang runs in a chaos test: it tells of the nodes that come and go, is
%% called, calls all others all the time, and has a name of global's.
-module(chaosnode).
-export([start/1, big/1, part/1, counts/0, names/1]).

start(Others) ->
    Counts = counters:new(3, []),
    persistent_term:put(?MODULE, Counts),
    Self = self(),
    [spawn(fun() -> register(Name, self()), Self ! Name, Run() end)
     || {Name, Run} <- [{'PingPong', fun answer/0}, {chaos_nodes, fun tell_nodes/0}, {chaos_global, fun take_name/0}]],
    [receive Name -> ok end || Name <- ['PingPong', chaos_nodes, chaos_global]],
    [spawn(fun() -> call(Other) end) || Other <- Others],
    ok.

%% What there is of processes, ports, tables, atoms and kB of memory; and how many calls
%% were answered, of them with 50 MB, and how often global:sync/0 was.
counts() ->
    [erlang:garbage_collect(P) || P <- processes()],
    Counts = persistent_term:get(?MODULE),
    [erlang:system_info(process_count), erlang:system_info(port_count), length(ets:all()),
     erlang:system_info(atom_count), erlang:memory(total) div 1024 | [counters:get(Counts, I) || I <- [1, 2, 3]]].

count(I) -> counters:add(persistent_term:get(?MODULE), I, 1).

tell(Format, Args) ->
    Now = calendar:system_time_to_rfc3339(os:system_time(millisecond), [{unit, millisecond}, {offset, "Z"}]),
    io:format("~s --- " ++ Format ++ "~n", [Now | Args]).

tell_nodes() ->
    ok = net_kernel:monitor_nodes(true, [nodedown_reason, {node_type, all}]),
    tell_nodes(lists:foldl(fun up/2, #{}, nodes(connected))).

tell_nodes(Up) ->
    receive
        {nodeup, Node, _} -> tell_nodes(up(Node, Up));
        {nodedown, Node, Info} when is_map_key(Node, Up) ->
            tell("Node down: ~s: reason=~0p", [Node, proplists:get_value(nodedown_reason, Info)]),
            tell_nodes(maps:remove(Node, Up));
        {nodedown, _, _} -> tell_nodes(Up)
    end.

%% Who was there before the monitor comes by a message, too.
up(Node, Up) when is_map_key(Node, Up) -> Up;
up(Node, Up) ->
    tell("Node up: ~s: type=erlang", [Node]),
    Up#{Node => true}.

answer() ->
    receive
        {'$gen_call', From, ping} -> gen_server:reply(From, pong);
        {'$gen_call', From, Big} when is_binary(Big) -> gen_server:reply(From, byte_size(Big));
        _ -> ok
    end,
    answer().

%% A call of each node that does not come to its answer is told, with when it began.
call(Other) ->
    Began = os:system_time(millisecond),
    try gen_server:call({'PingPong', Other}, ping, 5000) of
        pong -> count(1)
    catch
        _:Reason -> failed(Other, Began, Reason)
    end,
    receive after 50 + rand:uniform(300) -> call(Other) end.

failed(Other, Began, Reason) ->
    tell("Call failed: ~s: took=~bms reason=~0P", [Other, os:system_time(millisecond) - Began, Reason, 12]).

%% A call with 50 MB, of a node of Erlang's, which tells their number, or of one of ours,
%% which takes no more than 8 MiB and says so.
big(Other) ->
    spawn(fun() ->
        Began = os:system_time(millisecond),
        Size = 50 bsl 20,
        try gen_server:call({'PingPong', Other}, binary:copy(<<7>>, Size), 60000) of
            Size -> count(2), tell("Big: ~s: taken", [Other])
        catch
            exit:{{error, <<"too long", _/binary>>}, _} -> count(2), tell("Big: ~s: refused", [Other]);
            _:Reason -> failed(Other, Began, {big, Reason}), tell("Big: ~s: failed", [Other])
        end
    end).

part(Other) ->
    Did = erlang:disconnect_node(Other),
    {Did, net_kernel:connect_node(Other)}.

%% The names that global has, once it is at one with all others; it may take so long.
names(Within) ->
    Self = self(),
    {Pid, Ref} = spawn_monitor(fun() -> Self ! {self(), global:sync()} end),
    Answer = receive
        {Pid, ok} -> lists:sort(global:registered_names());
        {'DOWN', Ref, _, _, Reason} -> Reason
    after Within -> exit(Pid, kill), hang
    end,
    demonitor(Ref, [flush]),
    Answer.

take_name() ->
    yes = global:register_name({chaos, node()}, self()),
    sync().

%% global:sync/0 is to end soon, while all that are connected do answer.
sync() ->
    Began = os:system_time(millisecond),
    ok = global:sync(),
    count(3),
    case os:system_time(millisecond) - Began of
        Took when Took > 5000 -> tell("Sync slow: took=~bms", [Took]);
        _ -> ok
    end,
    receive after 2000 -> sync() end.
