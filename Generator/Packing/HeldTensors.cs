namespace Cameo.Generator.Packing;

/// <summary>Tensors in memory whose chunks are not all written yet, oldest first.</summary>
internal sealed class HeldTensors(WeightFileWriter writer, long limit) : IDisposable
{
    private readonly Queue<(WeightEvaluator Evaluator, long Bytes, long End)> _tensors = new();
    private long _bytes;

    /// <summary>Waits until a tensor of so many bytes may be brought into memory.</summary>
    public void MakeRoom(long bytes)
    {
        while (_tensors.Count > 0 && _bytes + bytes > limit)
        {
            Release();
        }
    }

    /// <summary>Keeps what a tensor's chunks are computed from until all are written.</summary>
    public void Add(WeightEvaluator evaluator, long bytes)
    {
        if (evaluator.HoldsMemory)
        {
            _tensors.Enqueue((evaluator, bytes, writer.AddedBytes));
            _bytes += bytes;
        }
        else
        {
            evaluator.Dispose();
        }
    }

    /// <summary>Gives all memory back; workers must not use it any more.</summary>
    public void Dispose()
    {
        writer.Stop();
        while (_tensors.Count > 0)
        {
            _tensors.Dequeue().Evaluator.Dispose();
        }
    }

    private void Release()
    {
        (WeightEvaluator evaluator, long bytes, long end) = _tensors.Peek();
        writer.WaitFor(end);
        _tensors.Dequeue();
        evaluator.Dispose();
        _bytes -= bytes;
    }
}
