%% A node of Erlang among those that are measured. It has a process PingPong, as each of
%% ours has, and does what it reads, an order a line: see role.go.
-module(mixed).
-behaviour(gen_server).
-export([run/0]).
-export([init/1, handle_call/3, handle_cast/2]).

run() ->
    {ok, _} = gen_server:start({local, 'PingPong'}, ?MODULE, [], []),
    io:format("ready~n"),
    obey().

obey() ->
    case io:get_line("") of
        eof -> halt();
        Line ->
            [Order, Node | Count] = string:lexemes(Line, " \n"),
            obey(Order, list_to_atom(Node), [list_to_integer(N) || N <- Count]),
            obey()
    end.

obey("ping", Node, [Count]) ->
    times(Count, fun() -> pong = net_adm:ping(Node) end);
obey("call", Node, [Count]) ->
    To = {'PingPong', Node},
    times(Count, fun() -> pong = gen_server:call(To, ping) end);
obey("leave", Node, []) ->
    true = monitor_node(Node, true),
    true = erlang:disconnect_node(Node),
    receive {nodedown, Node} -> io:format("left~n") end;
obey("watch", Node, []) ->
    true = monitor_node(Node, true),
    io:format("watching~n"),
    receive {nodedown, Node} -> io:format("down~n") end.

times(Count, Call) ->
    Times = [time(Call) || _ <- lists:seq(1, Count)],
    io:put_chars([[integer_to_list(T), $\n] || T <- Times]).

time(Call) ->
    Began = erlang:monotonic_time(nanosecond),
    Call(),
    erlang:monotonic_time(nanosecond) - Began.

init([]) -> {ok, none}.

handle_call(ping, _From, State) -> {reply, pong, State}.

handle_cast(_, State) -> {noreply, State}.
