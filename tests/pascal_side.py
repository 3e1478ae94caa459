"""Twenty Pascal programs, with numbers that they read, and what they must write."""

PROGRAMS = {
    "gcd": (
        """program gcd;
        var a, b, r: integer;
        begin
          readln(a, b);
          while b <> 0 do begin r := a mod b; a := b; b := r end;
          writeln(a)
        end.""",
        [1071, 462],
        [(21,)],
    ),
    "factorial": (
        """program factorial;
        var n, product: integer;
        begin
          readln(n);
          product := 1;
          while n > 1 do begin product := product * n; n := n - 1 end;
          writeln(product)
        end.""",
        [17],
        [(355687428096000,)],
    ),
    "fibonacci": (
        """program fibonacci;
        var n, k, a, b, next: integer;
        begin
          readln(n);
          a := 0; b := 1;
          for k := 1 to n do begin next := a + b; a := b; b := next end;
          writeln(a)
        end.""",
        [70],
        [(190392490709135,)],
    ),
    "primes": (
        """program primes;
        var n, k, d: integer; prime: boolean;
        begin
          readln(n);
          for k := 2 to n do
          begin
            prime := true; d := 2;
            while prime and (d * d <= k) do
            begin
              if k mod d = 0 then prime := false;
              d := succ(d)
            end;
            if prime then writeln(k)
          end
        end.""",
        [20],
        [(2,), (3,), (5,), (7,), (11,), (13,), (17,), (19,)],
    ),
    "collatz": (
        """program collatz;
        var n, steps, highest: integer;
        begin
          readln(n);
          steps := 0; highest := n;
          repeat
            if odd(n) then n := 3 * n + 1 else n := n div 2;
            if n > highest then highest := n;
            steps := steps + 1
          until n = 1;
          writeln(steps, highest)
        end.""",
        [7],
        [(16, 52)],
    ),
    "power by squaring": (
        """program power;
        function power(base, exponent: integer): integer;
          var result: integer;
        begin
          result := 1;
          while exponent > 0 do
          begin
            if odd(exponent) then result := result * base;
            if exponent > 1 then base := sqr(base);
            exponent := exponent div 2
          end;
          power := result
        end;
        begin
          writeln(power(3, 21), power(-2, 9))
        end.""",
        [],
        [(3**21, -512)],
    ),
    "binomial": (
        """program binomial;
        const n = 8;
        var row: array[0..n] of integer; i, k: integer;
        begin
          row[0] := 1;
          for i := 1 to n do
            for k := i downto 1 do row[k] := row[k] + row[k - 1];
          writeln(row[0], row[1], row[2], row[3], row[4], row[5], row[6], row[7], row[8])
        end.""",
        [],
        [(1, 8, 28, 56, 70, 56, 28, 8, 1)],
    ),
    "integer square root": (
        """program root;
        var n, x, y: integer;
        begin
          readln(n);
          x := n; y := (x + 1) div 2;
          while y < x do begin x := y; y := (x + n div x) div 2 end;
          writeln(x)
        end.""",
        [10**12 - 1],
        [(999999,)],
    ),
    "perfect numbers": (
        """program perfect;
        var n, d, sum: integer;
        begin
          for n := 2 to 28 do
          begin
            sum := 1;
            for d := 2 to n div 2 do if n mod d = 0 then sum := sum + d;
            if sum = n then writeln(n)
          end
        end.""",
        [],
        [(6,), (28,)],
    ),
    "binary search": (
        """program search;
        const size = 9;
        var a: array[1..size] of integer; wanted, low, high, middle, place: integer;
        begin
          readln(wanted);
          for low := 1 to size do a[low] := low * low;
          low := 1; high := size; place := 0;
          while (place = 0) and (low <= high) do
          begin
            middle := (low + high) div 2;
            if a[middle] = wanted then place := middle
            else if a[middle] < wanted then low := middle + 1
            else high := middle - 1
          end;
          writeln(place)
        end.""",
        [49],
        [(7,)],
    ),
    "bubble sort": (
        """program bubble;
        const size = 6;
        type list = array[1..size] of integer;
        var a: list; swapped: boolean; k: integer;
        procedure swap(var x, y: integer);
          var old: integer;
        begin old := x; x := y; y := old end;
        procedure order(var a: list; k: integer);
          var left, right: integer;
        begin
          left := a[k]; right := a[k + 1];
          if left > right then begin swap(left, right); swapped := true end;
          a[k] := left; a[k + 1] := right
        end;
        begin
          readln(a[1], a[2], a[3], a[4], a[5], a[6]);
          repeat
            swapped := false;
            for k := 1 to size - 1 do order(a, k)
          until not swapped;
          for k := 1 to size do write(a[k])
        end.""",
        [5, -1, 4, 9, 0, 4],
        [(-1,), (0,), (4,), (4,), (5,), (9,)],
    ),
    "insertion sort": (
        """program insertion;
        const size = 6;
        var a: array[1..size] of integer; i, j, x: integer;
        begin
          for i := 1 to size do read(a[i]);
          for i := 2 to size do
          begin
            x := a[i]; j := i - 1;
            while (j >= 1) and (a[j] > x) do begin a[j + 1] := a[j]; j := j - 1 end;
            a[j + 1] := x
          end;
          writeln(a[1], a[2], a[3], a[4], a[5], a[6])
        end.""",
        [5, -1, 4, 9, 0, 4],
        [(-1, 0, 4, 4, 5, 9)],
    ),
    "sum of digits": (
        """program digits;
        var n, sum: integer;
        begin
          readln(n);
          n := abs(n); sum := 0;
          repeat sum := sum + n mod 10; n := n div 10 until n = 0;
          writeln(sum)
        end.""",
        [-98765],
        [(35,)],
    ),
    "palindromes": (
        """program palindromes;
        var first, last, n: integer;
        function reversed(n: integer): integer;
          var back: integer;
        begin
          back := 0;
          while n > 0 do begin back := 10 * back + n mod 10; n := n div 10 end;
          reversed := back
        end;
        begin
          readln(first, last);
          for n := first to last do if reversed(n) = n then writeln(n)
        end.""",
        [95, 122],
        [(99,), (101,), (111,), (121,)],
    ),
    "sieve": (
        """program sieve;
        const n = 20;
        var crossed: array[2..n] of boolean; k, j: integer;
        begin
          for k := 2 to n do
            if not crossed[k] then
            begin
              writeln(k);
              j := k * k;
              while j <= n do begin crossed[j] := true; j := j + k end
            end
        end.""",
        [],
        [(2,), (3,), (5,), (7,), (11,), (13,), (17,), (19,)],
    ),
    "product of matrices": (
        """program matrices;
        type matrix = array[1..2, 1..3] of integer;
        var a: matrix; b: array[1..3, 1..2] of integer; i, j, k, sum: integer;
        begin
          for i := 1 to 2 do for j := 1 to 3 do begin a[i, j] := i + 2 * j; b[j, i] := i * j - 4 end;
          for i := 1 to 2 do
            for j := 1 to 2 do
            begin
              sum := 0;
              for k := 1 to 3 do sum := sum + a[i, k] * b[k, j];
              writeln(i, j, sum)
            end
        end.""",
        [],
        [(1, 1, -26), (1, 2, 8), (2, 1, -32), (2, 2, 8)],
    ),
    "Ackermann's function": (
        """program ackermann; { without recursion: the stack is an array }
        var stack: array[1..12] of integer; top, m, n: integer;
        begin
          readln(m, n);
          top := 1; stack[1] := m;
          while top > 0 do
          begin
            m := stack[top]; top := top - 1;
            if m = 0 then n := n + 1
            else if n = 0 then begin n := 1; top := top + 1; stack[top] := m - 1 end
            else
            begin
              n := n - 1;
              top := top + 1; stack[top] := m - 1;
              top := top + 1; stack[top] := m
            end
          end;
          writeln(n)
        end.""",
        [2, 2],
        [(7,)],
    ),
    "leap years": (
        """program leap;
        var first, last, year, count: integer;
        function leap(year: integer): boolean;
        begin leap := (year mod 4 = 0) and (year mod 100 <> 0) or (year mod 400 = 0) end;
        begin
          readln(first, last);
          for year := first to last do if leap(year) then count := count + 1;
          writeln(count, leap(1900), leap(2000), leap(2024))
        end.""",
        [1896, 1912],
        [(4, 0, 1, 1)],
    ),
    "Pythagorean triples": (
        """program triples;
        const most = 10;
        var a, b, c: integer;
        begin
          for a := 1 to most do
            for b := a to most do
            begin
              c := b;
              while (c < most) and (a * a + b * b > c * c) do c := c + 1;
              if a * a + b * b = c * c then writeln(a, b, c)
            end
        end.""",
        [],
        [(3, 4, 5), (6, 8, 10)],
    ),
    "highest, lowest and mean": (
        """program statistics;
        var count, k, x, low, high, sum: integer;
        begin
          read(count);
          low := maxint; high := -maxint; sum := 0;
          for k := 1 to count do
          begin
            read(x);
            if x < low then low := x;
            if x > high then high := x;
            sum := sum + x
          end;
          writeln(low, high, sum div count)
        end.""",
        [5, 12, -7, 30, 4, 21],
        [(-7, 30, 12)],
    ),
}
IN_LOOPS = ("insertion sort", "highest, lowest and mean")  # these read in loops
