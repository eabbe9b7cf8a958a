using System.Collections.Concurrent;
using Cameo.Generator.Graphs;
using Cameo.Generator.Memory;

namespace Cameo.Generator.Packing;

/// <summary>Computes chunks of a weight file on the thread pool and writes them in order.</summary>
internal sealed unsafe class WeightFileWriter : IDisposable
{
    private readonly Stream _file;
    private readonly WeightRecipe _recipe;
    private readonly int _chunkBytes;
    private readonly Action<long>? _report;
    private readonly CancellationToken _cancellationToken;
    private readonly WeightChecksum _checksum = new();

    // A chunk's buffer is free again once it is written; who waits for a free buffer waits for the writing, which bounds the memory.
    private readonly BlockingCollection<byte[]> _freeBuffers = [];
    private readonly BlockingCollection<Task<Chunk>> _chunks = [];
    private readonly Task _writing;
    private readonly object _progress = new();
    private long _written;

    public WeightFileWriter(Stream file, WeightRecipe recipe, int threads, int chunkBytes, Action<long>? report, CancellationToken cancellationToken)
    {
        _file = file;
        _recipe = recipe;
        _chunkBytes = chunkBytes;
        _report = report;
        _cancellationToken = cancellationToken;

        // One being written, and for each worker one in work and one finished.
        for (int index = 0; index < (2 * threads) + 1; index++)
        {
            _freeBuffers.Add(new byte[chunkBytes], CancellationToken.None);
        }

        _file.SetLength(WeightFileFormat.HeaderBytes + recipe.PayloadBytes);
        _file.Position = WeightFileFormat.HeaderBytes;
        _writing = Task.Factory.StartNew(Write, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    /// <summary>Appends all elements of a reader. They are computed later: the reader must work until they are written.</summary>
    public void Add(ElementReader reader)
    {
        long chunkElements = Math.Max(1, _chunkBytes / reader.ElementBytes);
        for (long first = 0; first < reader.Count; first += chunkElements)
        {
            long start = first;
            int elements = (int)Math.Min(chunkElements, reader.Count - first);
            byte[] buffer = TakeBuffer();
            AddedBytes += (long)elements * reader.ElementBytes;
            _chunks.Add(Task.Run(() => Compute(reader, start, elements, buffer), CancellationToken.None), CancellationToken.None);
        }
    }

    /// <summary>Appends zero bytes.</summary>
    public void AddZeros(long bytes)
    {
        for (; bytes > 0; bytes -= Math.Min(bytes, _chunkBytes))
        {
            byte[] buffer = TakeBuffer();
            int count = (int)Math.Min(bytes, _chunkBytes);
            Array.Clear(buffer, 0, count);
            AddedBytes += count;
            _chunks.Add(Task.FromResult(new Chunk(buffer, count)), CancellationToken.None);
        }
    }

    /// <summary>Bytes added so far.</summary>
    public long AddedBytes { get; private set; }

    /// <summary>Waits until so many of the bytes added are written.</summary>
    public void WaitFor(long bytes)
    {
        lock (_progress)
        {
            while (_written < bytes)
            {
                _cancellationToken.ThrowIfCancellationRequested();
                if (_writing.IsCompleted)
                {
                    // It ends early by an exception only.
                    _writing.GetAwaiter().GetResult();
                    return;
                }

                Monitor.Wait(_progress, millisecondsTimeout: 100);
            }
        }
    }

    /// <summary>Waits for the last chunk and writes the header.</summary>
    public void Finish()
    {
        _chunks.CompleteAdding();
        _writing.GetAwaiter().GetResult();
        byte[] header = WeightFileFormat.WriteHeader(_recipe.Identity, _recipe.PayloadBytes, _checksum.Finish());
        _file.Position = 0;
        _file.Write(header, 0, header.Length);
        _file.Flush();
    }

    /// <summary>Waits for all workers, whether they succeed or not: until then they may use a reader's memory.</summary>
    public void Stop()
    {
        _chunks.CompleteAdding();
        ((IAsyncResult)_writing).AsyncWaitHandle.WaitOne();
        foreach (Task<Chunk> chunk in _chunks)
        {
            ((IAsyncResult)chunk).AsyncWaitHandle.WaitOne();
        }
    }

    public void Dispose()
    {
        Stop();
        _freeBuffers.Dispose();
        _chunks.Dispose();
    }

    private byte[] TakeBuffer()
    {
        // After a failure nothing is written any more and no buffer becomes free.
        while (true)
        {
            _cancellationToken.ThrowIfCancellationRequested();
            if (_writing.IsFaulted)
            {
                _writing.GetAwaiter().GetResult();
            }

            if (_freeBuffers.TryTake(out byte[]? buffer, millisecondsTimeout: 100))
            {
                return buffer;
            }
        }
    }

    private static Chunk Compute(ElementReader reader, long first, int elements, byte[] buffer)
    {
        fixed (byte* pointer = buffer)
        {
            reader.Read(first, elements, pointer);
        }

        return new Chunk(buffer, elements * reader.ElementBytes);
    }

    private void Write()
    {
        foreach (Task<Chunk> task in _chunks.GetConsumingEnumerable())
        {
            Chunk chunk = task.GetAwaiter().GetResult();
            _checksum.Append(chunk.Buffer, 0, chunk.Bytes);
            _file.Write(chunk.Buffer, 0, chunk.Bytes);
            lock (_progress)
            {
                _written += chunk.Bytes;
                Monitor.Pulse(_progress);
            }

            _report?.Invoke(_written);
            _freeBuffers.Add(chunk.Buffer, CancellationToken.None);
        }
    }

    private readonly record struct Chunk(byte[] Buffer, int Bytes);
}
