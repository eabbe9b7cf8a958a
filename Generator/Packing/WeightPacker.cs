using System.Diagnostics;
using Cameo.Generator.Graphs;

namespace Cameo.Generator.Packing;

/// <summary>
/// Writes packed weight files. Workers compute the file in chunks while one thread takes the finished chunks in order, adds them to the checksum and writes them; the
/// next tensors are brought into memory meanwhile. Memory is bounded by the largest tensor, or by <see cref="HeldBytes"/> where all are smaller, and a few chunks.
/// </summary>
internal sealed class WeightPacker(ITensorSource source, int threads, Action<long, long>? progress = null)
{
    // Chunks fit the second-level cache, so that the checksum and the write find them there.
    private const int ChunkBytes = 1024 * 1024;

    // Enough for several matrices of a model of this size to be in work, so that reading, computing and writing overlap.
    private const long HeldBytes = 64L * 1024 * 1024;

    private static readonly TimeSpan ProgressInterval = TimeSpan.FromSeconds(5);

    /// <summary>Makes the file at <paramref name="path"/>, which is replaced only once the new one is complete.</summary>
    /// <exception cref="PackingException">A weight can't be made.</exception>
    public void Pack(WeightRecipe recipe, string path, CancellationToken cancellationToken)
    {
        string temporary = AtomicFile.TemporaryName(path);
        try
        {
            using (FileStream file = new(temporary, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, bufferSize: 1))
            {
                Pack(recipe, file, cancellationToken);
            }

            AtomicFile.ReplaceLarge(temporary, path);
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    /// <summary>Writes the file to a stream that can seek.</summary>
    public void Pack(WeightRecipe recipe, Stream file, CancellationToken cancellationToken)
    {
        Action? check = source is IMappedTensorSource mapped ? mapped.RequireLengths : null;
        using WeightFileWriter writer = new(file, recipe, threads, ChunkBytes, check, MakeReport(recipe.PayloadBytes), cancellationToken);
        using NativeBufferPool pool = new();
        using HeldTensors held = new(writer, HeldBytes);
        long position = 0;
        foreach (WeightEntry entry in recipe.Entries)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (entry.Offset < position || entry.Offset + entry.Bytes > recipe.PayloadBytes)
            {
                throw new PackingException($"The weight '{entry.Name}' does not lie between the weight before it and the end of the file.");
            }

            writer.AddZeros(entry.Offset - position);
            position = entry.Offset + entry.Bytes;
            if (entry.Bytes > 0)
            {
                Pack(entry, writer, pool, held, cancellationToken);
            }
        }

        writer.AddZeros(recipe.PayloadBytes - position);
        writer.Finish();
    }

    private void Pack(WeightEntry entry, WeightFileWriter writer, NativeBufferPool pool, HeldTensors held, CancellationToken cancellationToken)
    {
        held.MakeRoom(entry.Bytes);
        WeightEvaluator evaluator = new(source, pool, cancellationToken);
        try
        {
            ElementReader reader = evaluator.Evaluate(entry.Expression);
            if (reader.Count * reader.ElementBytes != entry.Bytes)
            {
                throw new PackingException($"The weight '{entry.Name}' takes {reader.Count * reader.ElementBytes} bytes instead of {entry.Bytes}.");
            }

            writer.Add(reader);
        }
        catch
        {
            // Workers may still use the evaluator's memory.
            writer.Stop();
            evaluator.Dispose();
            throw;
        }

        held.Add(evaluator, entry.Bytes);
    }

    private Action<long>? MakeReport(long payloadBytes)
    {
        if (progress is null)
        {
            return null;
        }

        Stopwatch sinceReport = Stopwatch.StartNew();
        return written =>
        {
            if (sinceReport.Elapsed >= ProgressInterval)
            {
                sinceReport.Restart();
                progress(written, payloadBytes);
            }
        };
    }
}
