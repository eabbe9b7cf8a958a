using System.Runtime.CompilerServices;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>
/// A block of queries against a range of keys. For each row it keeps the largest score so far, the sum of exponentials relative to it and
/// the values weighted by them; a larger score scales both down (the online softmax).
/// </summary>
internal unsafe struct AttentionBlock<V, TScore>
    where V : struct, IVector<V>
    where TScore : struct, IScoreModifier
{
    private readonly AttentionArguments _arguments;
    private readonly TScore _modifier;
    private readonly AttentionShape _shape;
    private readonly float* _queries;
    private readonly float* _scores;
    private readonly float* _outputs;
    private readonly float* _keyTile;
    private readonly float* _valueTile;
    private readonly float* _wideTile;
    private readonly float* _maxima;
    private readonly float* _sums;
    private readonly int* _firstKeys;
    private readonly int* _endKeys;

    private nint _batch;
    private nint _keyHead;
    private nint _begin;
    private nint _rows;

    public AttentionBlock(in AttentionArguments arguments, TScore modifier, in AttentionShape shape, byte* scratch)
    {
        _arguments = arguments;
        _modifier = modifier;
        _shape = shape;
        float* memory = (float*)scratch;
        _queries = memory + shape.QueryOffset;
        _scores = memory + shape.ScoreOffset;
        _outputs = memory + shape.OutputOffset;
        _keyTile = memory + shape.KeyOffset;
        _valueTile = memory + shape.ValueOffset;
        _wideTile = memory + shape.WideOffset;
        _maxima = memory + shape.RowOffset;
        _sums = _maxima + shape.RowStride;
        _firstKeys = (int*)(_sums + shape.RowStride);
        _endKeys = _firstKeys + shape.RowStride;
    }

    /// <summary>Computes the rows [begin, begin + rows) of a key head over the keys [keyBegin, keyEnd) that they see.</summary>
    public void Compute(nint batch, nint keyHead, nint begin, nint rows, nint keyBegin, nint keyEnd)
    {
        _batch = batch;
        _keyHead = keyHead;
        _begin = begin;
        _rows = rows;
        nint first = nint.MaxValue;
        nint end = 0;
        for (nint row = 0; row < rows; row++)
        {
            PrepareRow(row, keyBegin, keyEnd);
            if (_firstKeys[row] < _endKeys[row])
            {
                first = Math.Min(first, _firstKeys[row]);
                end = Math.Max(end, _endKeys[row]);
            }
        }

        for (nint key = first; key < end; key += AttentionShape.TileKeys)
        {
            AddTile(key, Math.Min(AttentionShape.TileKeys, end - key));
        }
    }

    /// <summary>Divides by the sums and writes the output of the computed rows.</summary>
    public readonly void StoreOutput()
    {
        for (nint row = 0; row < _rows; row++)
        {
            StoreRow(row, _outputs + (row * _shape.PaddedValue), _maxima[row], _sums[row]);
        }
    }

    /// <summary>Writes maximum, sum and weighted values of the computed rows for <see cref="Combine"/>.</summary>
    public readonly void StorePartial(float* partials)
    {
        for (nint row = 0; row < _rows; row++)
        {
            float* partial = partials + (row * _shape.PartialStride);
            partial[0] = _maxima[row];
            partial[1] = _sums[row];
            float* source = _outputs + (row * _shape.PaddedValue);
            for (nint element = 0; element < _shape.PaddedValue; element += V.Count)
            {
                V.Store(V.Load(source + element), partial + AttentionShape.PartialHeader + element);
            }
        }
    }

    /// <summary>Adds up the partial results [chunks, rows] of all rows of a key head, chunk after chunk, and writes the output.</summary>
    public void Combine(nint batch, nint keyHead, float* partials, nint chunks)
    {
        _batch = batch;
        _keyHead = keyHead;
        _begin = 0;
        _rows = _shape.Rows;
        nint chunkStride = _shape.Rows * _shape.PartialStride;
        for (nint row = 0; row < _rows; row++)
        {
            float* partial = partials + (row * _shape.PartialStride);
            float maximum = float.NegativeInfinity;
            for (nint chunk = 0; chunk < chunks; chunk++)
            {
                maximum = MathF.Max(maximum, partial[chunk * chunkStride]);
            }

            float* output = _outputs;
            new Span<float>(output, (int)_shape.PaddedValue).Clear();
            float sum = 0;
            for (nint chunk = 0; chunk < chunks && maximum != float.NegativeInfinity; chunk++)
            {
                float* source = partial + (chunk * chunkStride);
                float weight = Exponential(source[0] - maximum);
                sum += source[1] * weight;
                AddScaled(output, source + AttentionShape.PartialHeader, weight);
            }

            StoreRow(row, output, maximum, sum);
        }
    }

    private static float Exponential(float value) => VectorMath.Exp(new ScalarFloat(value)).Value;

    private readonly nint Query(nint row) => (_begin + row) / _shape.Group;

    private readonly nint Head(nint row) => (_keyHead * _shape.Group) + ((_begin + row) % _shape.Group);

    private readonly nint FirstQuery => _arguments.FirstQueries == null ? 0 : _arguments.FirstQueries[_batch];

    private readonly nint QueryCount => _arguments.QueryCounts == null ? _arguments.QueryLength : _arguments.QueryCounts[_batch];

    // Sets the keys a row sees and copies its query, scaled and padded with zeros to whole vectors.
    private readonly void PrepareRow(nint row, nint keyBegin, nint keyEnd)
    {
        nint query = Query(row);
        nint step = query - FirstQuery;
        bool isPadding = step < 0 || step >= QueryCount;
        nint position = step + (_arguments.CausalOffsets == null ? _arguments.CausalOffset : _arguments.CausalOffsets[_batch]);
        nint end = _arguments.KeyLengths == null ? _arguments.KeyLength : _arguments.KeyLengths[_batch];
        end = _arguments.IsCausal ? Math.Min(end, position + 1) : end;
        nint first = _arguments.Window > 0 ? Math.Max(position + 1 - _arguments.Window, 0) : 0;
        _firstKeys[row] = (int)Math.Max(first, keyBegin);
        _endKeys[row] = isPadding ? 0 : (int)Math.Max(Math.Min(end, keyEnd), 0);
        _maxima[row] = float.NegativeInfinity;
        _sums[row] = 0;
        new Span<float>(_outputs + (row * _shape.PaddedValue), (int)_shape.PaddedValue).Clear();

        nint offset = (_batch * _arguments.QueryBatchStride) + (query * _arguments.QuerySequenceStride) + (Head(row) * _arguments.QueryHeadStride);
        float* source = (float*)AttentionNarrow.At(_arguments.Query, offset, _arguments.Element);
        float* target = _queries + (row * _shape.PaddedHead);
        if (_shape.IsNarrow)
        {
            AttentionNarrow.Widen<V>(source, _arguments.Element, 0, 1, _arguments.HeadSize, target, _shape.PaddedHead);
            source = target;
        }

        V scale = V.Broadcast(_arguments.Scale);
        nint element = 0;
        for (; element + V.Count <= _arguments.HeadSize; element += V.Count)
        {
            V.Store(V.Load(source + element) * scale, target + element);
        }

        if (element < _shape.PaddedHead)
        {
            V.Store(V.LoadPartial(source + element, _arguments.HeadSize - element) * scale, target + element);
        }
    }

    private readonly void AddTile(nint key, nint count)
    {
        nint keyOffset = (_batch * _arguments.KeyBatchStride) + (_keyHead * _arguments.KeyHeadStride) + (key * _arguments.KeySequenceStride);
        nint valueOffset = (_batch * _arguments.ValueBatchStride) + (_keyHead * _arguments.ValueHeadStride) + (key * _arguments.ValueSequenceStride);
        float* keys = (float*)AttentionNarrow.At(_arguments.Key, keyOffset, _arguments.Element);
        float* values = (float*)AttentionNarrow.At(_arguments.Value, valueOffset, _arguments.Element);
        nint keyStride = _arguments.KeySequenceStride;
        nint valueStride = _arguments.ValueSequenceStride;
        if (_shape.IsNarrow)
        {
            AttentionNarrow.Widen<V>(keys, _arguments.Element, keyStride, count, _arguments.HeadSize, _wideTile, _shape.PaddedHead);
            AttentionNarrow.Widen<V>(values, _arguments.Element, valueStride, count, _arguments.ValueHeadSize, _valueTile, _shape.PaddedValue);
            keys = _wideTile;
            keyStride = _shape.PaddedHead;
            values = _valueTile;
            valueStride = _shape.PaddedValue;
        }

        ComputeScores(keys, keyStride, values, valueStride, count);
        bool isAnySeen = false;
        for (nint row = 0; row < _rows; row++)
        {
            isAnySeen |= Weigh(row, key, count);
        }

        if (!isAnySeen)
        {
            return;
        }

        if (_shape.CopiesValues && !_shape.IsNarrow)
        {
            AttentionTile.CopyPadded(values, valueStride, count, _arguments.ValueHeadSize, _valueTile, _shape.PaddedValue);
            values = _valueTile;
            valueStride = _shape.PaddedValue;
        }

        AttentionTile.Multiply<V>(
            _scores, AttentionShape.TileKeys, values, valueStride, _outputs, _shape.PaddedValue, _rows, _shape.PaddedValue, count, accumulate: true);
    }

    private readonly void ComputeScores(float* keys, nint keyStride, float* values, nint valueStride, nint count)
    {
        nint size = _arguments.HeadSize;
        if (_rows > AttentionShape.FewRows)
        {
            nint columns = RoundUp(count);
            AttentionTile.Transpose(keys, keyStride, count, size, _keyTile, columns);
            AttentionTile.Multiply<V>(
                _queries, _shape.PaddedHead, _keyTile, columns, _scores, AttentionShape.TileKeys, _rows, columns, size, accumulate: false);
            return;
        }

        if (size != _shape.PaddedHead && !_shape.IsNarrow)
        {
            AttentionTile.CopyPadded(keys, keyStride, count, size, _keyTile, _shape.PaddedHead);
            keys = _keyTile;
            keyStride = _shape.PaddedHead;
        }

        AttentionTile.Dot<V>(
            _queries, _rows, keys, keyStride, count, _shape.PaddedHead, _scores, AttentionShape.TileKeys, values, valueStride, _arguments.ValueHeadSize);
    }

    // Turns a row's scores into weights relative to the largest score so far; false if the row sees nothing here.
    private readonly bool Weigh(nint row, nint key, nint count)
    {
        float* scores = _scores + (row * AttentionShape.TileKeys);
        nint begin = Math.Min(Math.Max(_firstKeys[row] - key, 0), count);
        nint end = Math.Min(_endKeys[row] - key, count);
        nint padded = RoundUp(count);
        if (begin >= end)
        {
            new Span<float>(scores, (int)padded).Clear();
            return false;
        }

        Modify(row, key, scores, begin, end);
        new Span<float>(scores, (int)begin).Fill(float.NegativeInfinity);
        new Span<float>(scores + end, (int)(padded - end)).Fill(float.NegativeInfinity);
        float before = _maxima[row];
        float maximum = MathF.Max(before, Largest(scores, padded));
        if (maximum == float.NegativeInfinity)
        {
            new Span<float>(scores, (int)padded).Clear();
            return false;
        }

        float sum = Exponentials(scores, padded, maximum);
        float decay = before == maximum ? 1 : Exponential(before - maximum);
        _sums[row] = (_sums[row] * decay) + sum;
        _maxima[row] = maximum;
        if (decay != 1)
        {
            Scale(_outputs + (row * _shape.PaddedValue), decay);
        }

        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly void Modify(nint row, nint key, float* scores, nint begin, nint end)
    {
        if (typeof(TScore) == typeof(NoScoreModifier) && _arguments.SoftCap == 0)
        {
            return;
        }

        nint head = Head(row);
        nint query = Query(row);
        nint index = begin;
        for (; index + V.Count <= end; index += V.Count)
        {
            V.Store(Modify(V.Load(scores + index), head, query, key + index), scores + index);
        }

        for (; index < end; index++)
        {
            scores[index] = Modify(new ScalarFloat(scores[index]), head, query, key + index).Value;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly VAny Modify<VAny>(VAny score, nint head, nint query, nint key)
        where VAny : struct, IVector<VAny>
    {
        if (_arguments.SoftCap != 0)
        {
            VAny cap = VAny.Broadcast(_arguments.SoftCap);
            score = cap * VectorMath.Tanh(score / cap);
        }

        return _modifier.Apply(score, _batch, head, query, key);
    }

    private static float Largest(float* scores, nint count)
    {
        V largest = V.Load(scores);
        for (nint index = V.Count; index < count; index += V.Count)
        {
            largest = V.Max(largest, V.Load(scores + index));
        }

        return V.ReduceMax(largest);
    }

    private static float Exponentials(float* scores, nint count, float maximum)
    {
        V largest = V.Broadcast(maximum);
        V sum = V.Zero;
        for (nint index = 0; index < count; index += V.Count)
        {
            V weight = VectorMath.Exp(V.Load(scores + index) - largest);
            V.Store(weight, scores + index);
            sum += weight;
        }

        return V.ReduceAdd(sum);
    }

    private readonly void Scale(float* output, float factor)
    {
        V factors = V.Broadcast(factor);
        for (nint element = 0; element < _shape.PaddedValue; element += V.Count)
        {
            V.Store(V.Load(output + element) * factors, output + element);
        }
    }

    private readonly void AddScaled(float* output, float* source, float factor)
    {
        V factors = V.Broadcast(factor);
        for (nint element = 0; element < _shape.PaddedValue; element += V.Count)
        {
            V.Store(V.MultiplyAdd(V.Load(source + element), factors, V.Load(output + element)), output + element);
        }
    }

    private readonly void StoreRow(nint row, float* source, float maximum, float sum)
    {
        nint query = Query(row);
        nint step = query - FirstQuery;
        bool isPadding = step < 0 || step >= QueryCount;
        nint offset = (_batch * _arguments.OutputBatchStride) + (query * _arguments.OutputSequenceStride) + (Head(row) * _arguments.OutputHeadStride);
        void* output = AttentionNarrow.At(_arguments.Output, offset, _arguments.Element);

        // Narrow results are made where the sums stand, whose place is not needed any more.
        float* target = _shape.IsNarrow ? source : (float*)output;
        StoreWide(row, source, target, maximum, sum, isPadding);
        if (_shape.IsNarrow)
        {
            AttentionNarrow.Narrow<V>(target, _arguments.ValueHeadSize, output, _arguments.Element);
        }
    }

    private readonly void StoreWide(nint row, float* source, float* target, float maximum, float sum, bool isPadding)
    {
        if (sum == 0)
        {
            StoreUnseen(target, isPadding || _arguments.Sinks != null ? FullyMaskedRows.Zero : _arguments.FullyMasked);
            return;
        }

        float factor = 1;
        if (_arguments.Sinks != null)
        {
            // The sink joins the sum as one more score would.
            float sink = _arguments.Sinks[Head(row)];
            float largest = MathF.Max(maximum, sink);
            factor = Exponential(maximum - largest);
            sum = (sum * factor) + Exponential(sink - largest);
        }

        V factors = V.Broadcast(factor);
        V divisor = V.Broadcast(sum);
        nint element = 0;
        for (; element + V.Count <= _arguments.ValueHeadSize; element += V.Count)
        {
            V.Store(V.Load(source + element) * factors / divisor, target + element);
        }

        if (element < _arguments.ValueHeadSize)
        {
            V.StorePartial(V.Load(source + element) * factors / divisor, target + element, _arguments.ValueHeadSize - element);
        }
    }

    private readonly void StoreUnseen(float* target, FullyMaskedRows kind)
    {
        nint size = _arguments.ValueHeadSize;
        new Span<float>(target, (int)size).Fill(kind == FullyMaskedRows.NaN ? float.NaN : 0);
        if (kind != FullyMaskedRows.Uniform)
        {
            return;
        }

        nint keys = _arguments.KeyLength > 0 || _arguments.KeyLengths == null ? _arguments.KeyLength : _arguments.KeyLengths[_batch];
        for (nint key = 0; key < keys; key++)
        {
            nint offset = (_batch * _arguments.ValueBatchStride) + (_keyHead * _arguments.ValueHeadStride) + (key * _arguments.ValueSequenceStride);
            float* value = (float*)AttentionNarrow.At(_arguments.Value, offset, _arguments.Element);
            if (_shape.IsNarrow)
            {
                AttentionNarrow.Widen<V>(value, _arguments.Element, 0, 1, size, _valueTile, size);
                value = _valueTile;
            }

            for (nint element = 0; element < size; element++)
            {
                target[element] += value[element];
            }
        }

        for (nint element = 0; element < size; element++)
        {
            target[element] /= keys;
        }
    }

    private static nint RoundUp(nint count) => (count + V.Count - 1) / V.Count * V.Count;
}
